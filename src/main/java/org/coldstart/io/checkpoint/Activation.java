package org.coldstart.io.checkpoint;

import java.util.Optional;

/** The bend between the two linear maps of a feed-forward part. */
public enum Activation {
  /** {@code x · sigmoid(x)}. */
  SILU,
  /** GELU in its tanh form, {@code gelu_pytorch_tanh}. */
  GELU_TANH;

  /** By its name in transformers; empty for those not implemented. */
  static Optional<Activation> ofName(String name) {
    return switch (name) {
      case "silu", "swish" -> Optional.of(SILU);
      case "gelu_pytorch_tanh" -> Optional.of(GELU_TANH);
      default -> Optional.empty();
    };
  }
}
