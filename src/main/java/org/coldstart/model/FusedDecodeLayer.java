package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.Objects;
import java.util.stream.Stream;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.torch.IncrementalOps;

/**
 * A layer's work on the next token of each row of a cache, in one call: the operations on a single
 * token are so small that calling them one by one takes as long as they do.
 *
 * <p>So the mathematics of {@link DecoderLayer} stands a second time, in {@code decode_layer} of
 * {@code decoder.torchscript}, out of the same norm, rotation and attention as its parts; whoever
 * changes one changes the other. The tests hold both to the logits of transformers.
 */
final class FusedDecodeLayer {

  private FusedDecodeLayer() {}

  /**
   * Takes x, shape (batch, hidden), through the layer in place.
   *
   * @return false, and nothing done, where an adapter takes part or the norms are of several kinds
   */
  static boolean run(DecoderLayer layer, NDArray x, ForwardContext pass) {
    Attention attention = layer.attention();
    FeedForward feedForward = layer.feedForward();
    Linear[] linears = {
      attention.joint(), attention.output(), feedForward.joint(), feedForward.down()
    };
    Norm[] norms = {
      layer.beforeAttention(),
      attention.queryNorm(),
      attention.keyNorm(),
      layer.afterAttention(),
      layer.beforeFeedForward(),
      layer.afterFeedForward()
    };
    RmsNorm kind = kind(norms);
    if (kind == null || adapted(attention, feedForward)) {
      return false;
    }
    KvCache cache = pass.cache();
    KvCache.Entry entry = cache.reserved(attention.layer(), 1);
    AttentionContext sight = attention.sight(pass);
    IncrementalOps.decodeLayer(
        x,
        Stream.of(norms).map(norm -> weight(norm, cache)).toArray(NDArray[]::new),
        kind.eps(),
        kind.onePlusWeight(),
        Stream.of(linears).map(Linear::weight).toArray(NDArray[]::new),
        Stream.of(linears)
            .map(linear -> Objects.requireNonNullElse(linear.bias(), cache.none()))
            .toArray(NDArray[]::new),
        feedForward.activation() == Activation.SILU,
        sight.cos(),
        sight.sin(),
        entry.keys(),
        entry.values(),
        cache.seenFrom(sight.window()),
        cache.length(),
        sight.mask(),
        attention.config().scale(),
        attention.cap());
    return true;
  }

  private static boolean adapted(Attention attention, FeedForward feedForward) {
    return Stream.of(
            attention.query(),
            attention.key(),
            attention.value(),
            attention.output(),
            feedForward.gate(),
            feedForward.up(),
            feedForward.down())
        .anyMatch(Linear::adapted);
  }

  /** A norm that stands for all in eps and in what its weight means; null if there is none. */
  private static RmsNorm kind(Norm[] norms) {
    RmsNorm kind = null;
    for (Norm norm : norms) {
      if (norm instanceof RmsNorm rms) {
        if (kind != null
            && (kind.eps() != rms.eps() || kind.onePlusWeight() != rms.onePlusWeight())) {
          return null;
        }
        kind = rms;
      } else if (norm != Norm.NONE) {
        return null;
      }
    }
    return kind;
  }

  private static NDArray weight(Norm norm, KvCache cache) {
    return norm instanceof RmsNorm rms ? rms.weight() : cache.none();
  }
}
