package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/**
 * Grouped-query attention with rotary positions (Ainslie et al., 2023; Su et al., 2021).
 *
 * @param heads query heads
 * @param keyValueHeads key and value heads; each serves {@code heads / keyValueHeads} query heads
 */
record Attention(
    int layer,
    int heads,
    int keyValueHeads,
    Linear query,
    Linear key,
    Linear value,
    Linear output) {

  /**
   * (batch, time, hidden) → (batch, time, hidden); position t attends to what the pass lets it see.
   */
  NDArray forward(NDArray x, Pass pass) {
    Precision precision = pass.precision();
    NDArray q = TorchOps.splitHeads(query.forward(x, precision), heads);
    NDArray k = TorchOps.splitHeads(key.forward(x, precision), keyValueHeads);
    NDArray v = TorchOps.splitHeads(value.forward(x, precision), keyValueHeads);
    q = TorchOps.rotate(q, pass.cos(), pass.sin());
    k = TorchOps.rotate(k, pass.cos(), pass.sin());
    NDArray attended = pass.cache() == null ? causal(q, k, v) : cached(q, k, v, pass);
    return output.forward(TorchOps.mergeHeads(attended), precision);
  }

  private NDArray causal(NDArray q, NDArray k, NDArray v) {
    return TorchOps.causalAttention(q, repeat(k), repeat(v));
  }

  private NDArray cached(NDArray q, NDArray k, NDArray v, Pass pass) {
    KvCache.Entry seen = pass.cache().append(layer, k, v);
    if (q.getShape().get(2) == 1) {
      // The queries of a group stand in for time steps: the whole cache need not be copied for each
      // token.
      NDArray grouped = TorchOps.regroup(q, keyValueHeads);
      return TorchOps.regroup(
          TorchOps.attention(grouped, seen.keys(), seen.values(), pass.mask()), heads);
    }
    return TorchOps.attention(q, repeat(seen.keys()), repeat(seen.values()), pass.mask());
  }

  private NDArray repeat(NDArray x) {
    return TorchOps.repeatHeads(x, heads / keyValueHeads);
  }
}
