package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.PackedAttention;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;
import org.coldstart.model.AttentionSpan.AttentionContext;

/**
 * Grouped-query attention with rotary positions (Ainslie et al., 2023; Su et al., 2021): {@code y =
 * W_o · softmax(q·kᵀ · scale)·v}, where q and k are rotated.
 *
 * <p>
 * This is over packed sequences, in training and when prompts are read; over the next tokens of a cache's rows the layer
 * runs as a whole, see {@link DecoderLayer#decode}.
 *
 * @param layer its number, from 0
 * @param config how many heads of which width, and how their scores are scaled and capped
 * @param joint query, key and value in one, its weight's rows theirs: one product for decoding; where it is held in fewer
 * bits, they are empty
 * @param queryNorm over each query head before it is rotated
 * @param keyNorm over each key head
 */
record Attention(int layer, AttentionConfig config, Linear query, Linear key, Linear value, Linear joint, Linear output,
    Norm queryNorm, Norm keyNorm) {

  /** (n, hidden) → (n, hidden). */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray in = pass.keep(pass.rounded(x));
    return output.forward(pass.keep(packed(in, pass)), pass);
  }

  private NDArray packed(NDArray in, ForwardContext pass) {
    AttentionContext context = context(pass);
    NDArray[] qkv = projected(in, pass);
    NDArray q = normed(qkv[0], queryNorm, config.heads(), pass);
    NDArray k = normed(qkv[1], keyNorm, config.keyValueHeads(), pass);
    q = pass.keep(DecoderOps.rotate(q, context.cos(), context.sin()));
    k = pass.keep(DecoderOps.rotate(k, context.cos(), context.sin()));
    NDArray v = pass.keep(qkv[2]);
    if (pass.cache() != null) {
      pass.cache().store(layer, k, v, pass);
    }
    if (pass.readsPrefix()) {
      pass.prefix().put(layer, k, v, pass.gradients() != null);
    }
    return DecoderOps.packedAttention(q, k, v, attention(pass));
  }

  private NDArray[] projected(NDArray in, ForwardContext pass) {
    if (!joint.fewer()) {
      return new NDArray[] {query.forward(in, pass), key.forward(in, pass), value.forward(in, pass)};
    }
    long queries = (long) config.heads() * config.headDim();
    long keys = (long) config.keyValueHeads() * config.headDim();
    return TorchOps.split(joint.forward(in, pass), 1, queries, keys, keys);
  }

  /** Queries or keys, by head where that is needed. */
  private static NDArray normed(NDArray x, Norm norm, int heads, ForwardContext pass) {
    return norm == Norm.NONE ? x
        : norm.forward(x.reshape(x.getShape().get(0), heads, x.getShape().get(1) / heads), pass);
  }

  /** From y's gradient to x's; adds to the parameters' gradients. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDManager scope = dy.getManager();
    NDArray attended = pass.recall(scope);
    NDArray[] d = backwardPacked(output.backward(pass.rounded(dy), attended, pass), pass);
    NDArray dk = backwardRotated(d[1], keyNorm, pass);
    NDArray dq = backwardRotated(d[0], queryNorm, pass);
    NDArray in = pass.recall(scope);
    NDArray dx = query.backward(dq, in, pass);
    key.backward(dk, in, pass, dx);
    value.backward(d[2], in, pass, dx);
    return dx;
  }

  /** The gradients of rotated queries and keys, and of values. */
  private NDArray[] backwardPacked(NDArray dAttended, ForwardContext pass) {
    NDManager scope = dAttended.getManager();
    NDArray v = pass.recall(scope);
    NDArray k = pass.recall(scope);
    NDArray q = pass.recall(scope);
    NDArray[] d = TrainingOps.packedAttention(dAttended, q, k, v, attention(pass));
    if (pass.readsPrefix()) {
      pass.prefix().addGradients(layer, d[1], d[2]);
    }
    return d;
  }

  private NDArray backwardRotated(NDArray dy, Norm norm, ForwardContext pass) {
    AttentionContext context = context(pass);
    NDArray d = norm.backward(TrainingOps.rotate(dy, context.cos(), context.sin()), pass);
    return pass.rounded(d.reshape(dy.getShape()));
  }

  private PackedAttention attention(ForwardContext pass) {
    NDArray[] prefix = pass.followsPrefix() ? pass.prefix().of(layer) : new NDArray[0];
    return new PackedAttention(pass.seqLens(), config.keyValueHeads(), config.scale(), cap(), context(pass).window(),
        prefix);
  }

  private AttentionContext context(ForwardContext pass) {
    return pass.attention().get(type());
  }

  LayerType type() {
    return config.layerTypes().get(layer);
  }

  /** Of the scores; 0 for none. */
  double cap() {
    return config.scoreSoftcap() == null ? 0 : config.scoreSoftcap();
  }
}
