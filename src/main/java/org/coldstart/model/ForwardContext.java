package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.TorchOps;

/**
 * What all layers share in one pass through the decoder.
 *
 * @param precision of the matrix products
 * @param rows lengths of the rows, whose tokens stand end to end; null where a cache's rows go on
 * @param sights where the layers of each kind stand and what they see
 * @param cache keys and values of earlier passes, or where those of whole rows are to be put; may
 *     be null
 * @param halves the weights in bf16, or null to round them when they are met
 * @param tape keeps what the way back needs, or null for a pass without a way back
 * @param gradients where the way back adds up gradients, or null
 * @param reads the beginning whose tokens these are, or null
 * @param follows the beginning that all rows continue, or null
 */
record ForwardContext(
    Precision precision,
    long[] rows,
    Map<LayerType, AttentionContext> sights,
    KvCache cache,
    Bf16Weights halves,
    ActivationStack tape,
    Gradients gradients,
    SharedPrefix reads,
    SharedPrefix follows) {

  /** A pass through the head alone; the cache may be null. */
  static ForwardContext throughHead(Precision precision, KvCache cache) {
    return new ForwardContext(precision, null, null, cache, null, null, null, null, null);
  }

  /** The same pass with another tape, or none. */
  ForwardContext with(ActivationStack other) {
    return new ForwardContext(precision, rows, sights, cache, halves, other, gradients, reads, follows);
  }

  /** The same pass, whose one row is to be the beginning of others. */
  ForwardContext reading(SharedPrefix beginning) {
    return new ForwardContext(precision, rows, sights, cache, halves, tape, gradients, beginning, follows);
  }

  /**
   * Whether the tokens follow those that a cache holds: few of them, seldom more than one a row.
   */
  boolean continues() {
    return cache != null && rows == null;
  }

  /** Whether that is one token a row: x then has as many vectors as the cache has rows. */
  boolean continuesByOne(NDArray x) {
    return continues() && x.getShape().get(0) == cache.batchSize();
  }

  /** Keeps a tensor for the way back; returns it. */
  NDArray keep(NDArray x) {
    if (tape != null) {
      tape.keep(x);
    }
    return x;
  }

  /** On the way back: what was kept last. */
  NDArray recall(NDManager next) {
    return tape.recall(next);
  }

  /** An activation in the type that matrix products take. */
  NDArray rounded(NDArray x) {
    return precision == Precision.BF16 ? TorchOps.toBf16(x) : x;
  }

  /** A weight in the type that matrix products take, on the way back. */
  NDArray rounded(NDArray weight, NDManager scope) {
    if (precision == Precision.F32) {
      return weight;
    }
    NDArray half = halved(weight);
    if (half == weight) {
      half = TorchOps.toBf16(weight);
      half.attach(scope);
    }
    return half;
  }

  /** A weight's bf16 copy if there is one, itself if not. */
  NDArray halved(NDArray weight) {
    return halves == null ? weight : halves.of(weight);
  }

  /** Where a parameter's gradient is added up, or null if it is not trained. */
  NDArray gradient(NDArray parameter) {
    return gradients.of(parameter);
  }
}
