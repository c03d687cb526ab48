package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.OptionalLong;
import org.coldstart.io.torch.DecoderOps;

/**
 * Dropout on what enters an adapter: off until a batch is trained on.
 *
 * <p>What is dropped follows from the seed, the batch's number and the layer alone. So a batch may
 * run twice, as gradient checkpointing has it, and a resumed run drops what the undisturbed one
 * would have dropped.
 */
final class LoraDropout {

  private final double p;
  private final long seed;
  private OptionalLong batch = OptionalLong.empty();

  LoraDropout(double p, long seed) {
    this.p = p;
    this.seed = seed;
  }

  /** Which batch is being trained on; empty for none. */
  void batch(OptionalLong number) {
    batch = number;
  }

  /** A share p of the values set to zero, the others divided by 1 − p; x itself when off. */
  NDArray apply(NDArray x, int layer) {
    return p == 0 || batch.isEmpty()
        ? x
        : DecoderOps.dropout(x, p, mix(mix(mix(seed) ^ batch.getAsLong()) ^ layer));
  }

  /** Spreads neighbouring numbers over all 64 bits (the finaliser of SplitMix64). */
  private static long mix(long z) {
    z = (z + 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
