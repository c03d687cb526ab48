package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.checkpoint.AttentionConfig;
import org.coldstart.checkpoint.LayerType;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/**
 * Grouped-query attention with rotary positions (Ainslie et al., 2023; Su et al., 2021).
 *
 * @param layer its number, from 0
 * @param config how many heads of which width, and how their scores are scaled and capped
 * @param queryNorm over each query head before it is rotated
 * @param keyNorm over each key head
 */
record Attention(
    int layer,
    AttentionConfig config,
    Linear query,
    Linear key,
    Linear value,
    Linear output,
    Norm queryNorm,
    Norm keyNorm) {

  /**
   * (batch, time, hidden) → (batch, time, hidden); position t attends to what the pass lets it see.
   */
  NDArray forward(NDArray x, Pass pass) {
    Precision precision = pass.precision();
    LayerType type = config.layerTypes().get(layer);
    Sight sight = pass.sights().get(type);
    NDArray q = TorchOps.splitHeads(query.forward(x, precision), config.heads());
    NDArray k = TorchOps.splitHeads(key.forward(x, precision), config.keyValueHeads());
    NDArray v = TorchOps.splitHeads(value.forward(x, precision), config.keyValueHeads());
    q = TorchOps.rotate(queryNorm.forward(q), sight.cos(), sight.sin());
    k = TorchOps.rotate(keyNorm.forward(k), sight.cos(), sight.sin());
    NDArray attended =
        pass.cache() == null
            ? attend(q, repeat(k), repeat(v), sight)
            : cached(q, pass.cache().append(layer, k, v), sight);
    return output.forward(TorchOps.mergeHeads(attended), precision);
  }

  private NDArray cached(NDArray q, KvCache.Entry seen, Sight sight) {
    if (q.getShape().get(2) == 1) {
      // The queries of a group stand in for time steps: the whole cache need not be copied for each
      // token.
      NDArray grouped = TorchOps.regroup(q, config.keyValueHeads());
      return TorchOps.regroup(attend(grouped, seen.keys(), seen.values(), sight), config.heads());
    }
    return attend(q, repeat(seen.keys()), repeat(seen.values()), sight);
  }

  private NDArray attend(NDArray q, NDArray k, NDArray v, Sight sight) {
    return config.scoreSoftcap() == null
        ? TorchOps.attention(q, k, v, sight.mask(), sight.causal(), config.scale())
        : TorchOps.softcappedAttention(
            q, k, v, sight.mask(), config.scale(), config.scoreSoftcap());
  }

  private NDArray repeat(NDArray x) {
    return TorchOps.repeatHeads(x, config.heads() / config.keyValueHeads());
  }
}
