package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.AttentionSpan.AttentionContext;

/**
 * What all layers share in one pass through the decoder.
 *
 * @param precision of the matrix products
 * @param seqLens lengths of the packed sequences
 * @param start position of each sequence's first token
 * @param attention what the layers of each kind attend to
 * @param cache where keys and values go; may be null
 * @param bf16Copies weights rounded to bf16 ahead, by identity; others are rounded when they are needed
 * @param activations keeps what backward needs, or null for a pass without backward
 * @param gradients where backward adds up gradients, or null
 * @param prefix what the sequences are (from position 0), or what they continue; may be null
 */
record ForwardContext(Precision precision, long[] seqLens, int start, Map<LayerType, AttentionContext> attention,
    KvCache cache, Map<NDArray, NDArray> bf16Copies, ActivationStack activations, Gradients gradients,
    SharedPrefix prefix) {

  /** A forward pass over packed sequences. */
  static ForwardContext packed(Precision precision, long[] seqLens, int start,
      Map<LayerType, AttentionContext> attention) {
    return new ForwardContext(precision, seqLens, start, attention, null, Map.of(), null, null, null);
  }

  /** A pass through the head alone, without attention. */
  static ForwardContext head(Precision precision) {
    return packed(precision, null, 0, Map.of());
  }

  /** The same pass into an empty cache. */
  ForwardContext with(KvCache into) {
    return new ForwardContext(precision, seqLens, start, attention, into, bf16Copies, activations, gradients, prefix);
  }

  /** The same pass over a prefix, or over what continues it; null for neither. */
  ForwardContext with(SharedPrefix shared) {
    return new ForwardContext(precision, seqLens, start, attention, cache, bf16Copies, activations, gradients, shared);
  }

  /** The same pass with backward to come. */
  ForwardContext with(Map<NDArray, NDArray> copies, Gradients sums) {
    return new ForwardContext(precision, seqLens, start, attention, cache, copies, activations, sums, prefix);
  }

  /** The same pass that keeps its activations there, or nowhere. */
  ForwardContext with(ActivationStack other) {
    return new ForwardContext(precision, seqLens, start, attention, cache, bf16Copies, other, gradients, prefix);
  }

  /** Whether the tokens are the prefix itself, whose keys and values others will attend to. */
  boolean readsPrefix() {
    return prefix != null && start == 0;
  }

  /** Whether the sequences attend to a prefix before them. */
  boolean followsPrefix() {
    return prefix != null && start > 0;
  }

  /** Keeps a tensor for backward; returns it. */
  NDArray keep(NDArray x) {
    if (activations != null) {
      activations.keep(x);
    }
    return x;
  }

  /** In backward: the tensor kept last. */
  NDArray recall(NDManager next) {
    return activations.recall(next);
  }

  /** An activation in the type that matrix products take. */
  NDArray rounded(NDArray x) {
    return precision == Precision.BF16 ? TorchOps.toBf16(x) : x;
  }

  /** A weight in the type that backward's matrix products take; {@code scope} owns a new copy. */
  NDArray rounded(NDArray weight, NDManager scope) {
    NDArray copy = bf16Copy(weight);
    if (precision == Precision.BF16 && copy == weight) {
      copy = TorchOps.toBf16(weight);
      copy.attach(scope);
    }
    return copy;
  }

  /** A weight's bf16 copy if there is one, itself if not. */
  NDArray bf16Copy(NDArray weight) {
    return bf16Copies.getOrDefault(weight, weight);
  }

}
