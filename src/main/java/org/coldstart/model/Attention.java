package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.IncrementalOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * Grouped-query attention with rotary positions (Ainslie et al., 2023; Su et al., 2021).
 *
 * @param layer its number, from 0
 * @param config how many heads of which width, and how their scores are scaled and capped
 * @param joint query, key and value in one: their weights are its weight's rows
 * @param queryNorm over each query head before it is rotated
 * @param keyNorm over each key head
 */
record Attention(
    int layer,
    AttentionConfig config,
    Linear query,
    Linear key,
    Linear value,
    Linear joint,
    Linear output,
    Norm queryNorm,
    Norm keyNorm) {

  /** (n, hidden) → (n, hidden); a position attends to what the pass lets it see. */
  NDArray forward(NDArray x, ForwardContext pass) {
    AttentionContext sight = sight(pass);
    NDArray in = pass.keep(pass.rounded(x));
    if (pass.continuesByOne(in)) {
      return output.forward(next(in, sight, pass), pass);
    }
    NDArray q = turned(query, queryNorm, config.heads(), in, pass);
    NDArray k = turned(key, keyNorm, config.keyValueHeads(), in, pass);
    NDArray v = value.forward(in, pass);
    NDArray seen;
    if (pass.cache() == null) {
      seen = overRows(q, k, v, sight, pass);
    } else {
      seen = pass.continues() ? cached(q, k, v, sight, pass) : first(q, k, v, sight, pass);
    }
    return output.forward(pass.keep(seen), pass);
  }

  /** From the gradient of what {@link #forward} gave to that of what it took. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDManager scope = dy.getManager();
    NDArray seen = pass.recall(scope);
    NDArray dSeen = output.backward(pass.rounded(dy), seen, pass);
    NDArray[] d = backOverRows(dSeen, seen, sight(pass), pass);
    if (pass.reads() != null) {
      SharedPrefix.Layer heard = pass.reads().layer(layer);
      TorchOps.addInPlace(d[1], heard.dKeys());
      TorchOps.addInPlace(d[2], heard.dValues());
    }
    NDArray dk = turnedBack(d[1], keyNorm, config.keyValueHeads(), pass);
    NDArray dq = turnedBack(d[0], queryNorm, config.heads(), pass);
    NDArray in = pass.recall(scope);
    NDArray dx = query.backward(dq, in, pass);
    key.backward(dk, in, pass, dx);
    value.backward(d[2], in, pass, dx);
    return dx;
  }

  AttentionContext sight(ForwardContext pass) {
    return pass.sights().get(config.layerTypes().get(layer));
  }

  /** Queries or keys by head, normed and rotated, shape (n, heads, size). */
  private NDArray turned(Linear projection, Norm norm, int heads, NDArray in, ForwardContext pass) {
    NDArray x = norm.forward(DecoderOps.byHead(projection.forward(in, pass), heads), pass);
    return DecoderOps.rotate(x, sight(pass).cos(), sight(pass).sin());
  }

  /** Queries or keys before they are rotated, by head where that is needed. */
  private static NDArray normed(Linear projection, Norm norm, int heads, NDArray in, ForwardContext pass) {
    NDArray x = projection.forward(in, pass);
    return norm == Norm.NONE
        ? x
        : norm.forward(x.reshape(in.getShape().get(0), heads, x.getShape().get(1) / heads), pass);
  }

  /** Rotation's way back is the rotation by the opposite angle. */
  private NDArray turnedBack(NDArray dy, Norm norm, int heads, ForwardContext pass) {
    NDArray d = DecoderOps.byHead(dy, heads);
    NDArray turned = DecoderOps.rotate(d, sight(pass).cos(), sight(pass).minusSin());
    return pass.rounded(DecoderOps.flatHeads(norm.backward(turned, pass)));
  }

  private NDArray overRows(NDArray q, NDArray k, NDArray v, AttentionContext sight, ForwardContext pass) {
    pass.keep(q);
    pass.keep(k);
    pass.keep(v);
    if (pass.reads() != null) {
      pass.reads().put(layer, k, v, pass.gradients() != null);
    }
    if (!sight.flash()) {
      if (pass.follows() != null) {
        throw new IllegalStateException(
            "A row is longer than was said when its beginning was read.");
      }
      return TrainingOps.denseRows(
          q,
          k,
          v,
          pass.rows(),
          config.keyValueHeads(),
          groups(),
          config.scale(),
          cap(),
          sight.window());
    }
    NDArray[] seen =
        TrainingOps.flashRows(
            q, k, v, pass.rows(), config.keyValueHeads(), groups(), config.scale());
    if (pass.follows() != null) {
      SharedPrefix.Layer before = pass.follows().layer(layer);
      seen =
          TrainingOps.flashAfter(
              q,
              seen[0],
              seen[1],
              before.keys(),
              before.values(),
              config.keyValueHeads(),
              groups(),
              config.scale());
    }
    pass.keep(seen[1]);
    return seen[0];
  }

  private NDArray[] backOverRows(NDArray dSeen, NDArray seen, AttentionContext sight, ForwardContext pass) {
    NDManager scope = dSeen.getManager();
    NDArray logSums = sight.flash() ? pass.recall(scope) : null;
    NDArray v = pass.recall(scope);
    NDArray k = pass.recall(scope);
    NDArray q = pass.recall(scope);
    if (!sight.flash()) {
      return TrainingOps.denseRowsBackward(
          dSeen,
          q,
          k,
          v,
          pass.rows(),
          config.keyValueHeads(),
          groups(),
          config.scale(),
          cap(),
          sight.window());
    }
    NDArray[] d =
        TrainingOps.flashRowsBackward(
            dSeen,
            q,
            k,
            v,
            seen,
            logSums,
            pass.rows(),
            config.keyValueHeads(),
            groups(),
            config.scale());
    if (pass.follows() != null) {
      SharedPrefix.Layer before = pass.follows().layer(layer);
      TrainingOps.flashAfterBackward(
          dSeen,
          q,
          before.keys(),
          before.values(),
          seen,
          logSums,
          d[0],
          before.dKeys(),
          before.dValues(),
          config.keyValueHeads(),
          groups(),
          config.scale());
    }
    return d;
  }

  /** Whole rows at the beginning of a cache. */
  private NDArray first(NDArray q, NDArray k, NDArray v, AttentionContext sight, ForwardContext pass) {
    SharedPrefix.Layer before = pass.follows() == null ? null : pass.follows().layer(layer);
    pass.cache().begin(layer, k, v, pass.rows(), before);
    return overRows(q, k, v, sight, pass);
  }

  /** One token more of each row: a single call, for its operations are small. */
  private NDArray next(NDArray in, AttentionContext sight, ForwardContext pass) {
    KvCache cache = pass.cache();
    KvCache.Entry entry = cache.reserved(layer, 1);
    return IncrementalOps.attendNext(
        normed(query, queryNorm, config.heads(), in, pass),
        normed(key, keyNorm, config.keyValueHeads(), in, pass),
        value.forward(in, pass),
        sight.cos(),
        sight.sin(),
        entry.keys(),
        entry.values(),
        cache.seenFrom(sight.window()),
        cache.length(),
        sight.mask(),
        config.scale(),
        cap());
  }

  /** Several tokens more of each row. */
  private NDArray cached(NDArray q, NDArray k, NDArray v, AttentionContext sight, ForwardContext pass) {
    int batch = pass.cache().batchSize();
    KvCache.Entry seen =
        pass.cache()
            .append(
                layer,
                DecoderOps.headsFirst(k, batch, config.keyValueHeads()),
                DecoderOps.headsFirst(v, batch, config.keyValueHeads()));
    NDArray queries = DecoderOps.headsFirst(q, batch, config.heads());
    return DecoderOps.headsLast(attend(queries, repeat(seen.keys()), repeat(seen.values()), sight));
  }

  private NDArray attend(NDArray q, NDArray k, NDArray v, AttentionContext sight) {
    return config.scoreSoftcap() == null
        ? DecoderOps.attention(q, k, v, sight.mask(), config.scale())
        : DecoderOps.softcappedAttention(
            q, k, v, sight.mask(), config.scale(), config.scoreSoftcap());
  }

  private NDArray repeat(NDArray x) {
    return DecoderOps.repeatHeads(x, groups());
  }

  private int groups() {
    return config.heads() / config.keyValueHeads();
  }

  double cap() {
    return config.scoreSoftcap() == null ? 0 : config.scoreSoftcap();
  }
}
