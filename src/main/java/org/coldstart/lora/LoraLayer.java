package org.coldstart.lora;

import ai.djl.ndarray.NDArray;
import java.util.OptionalLong;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;
import org.coldstart.model.Gradients;
import org.coldstart.model.Linear;

/**
 * LoRA's pair of matrices on one linear layer, y = xWᵀ + s · dropout(x)AᵀBᵀ (Hu et al., 2021): W is frozen, A and B are
 * trained.
 *
 * @param base the layer with W
 * @param a A, shape (r, in)
 * @param b B, shape (out, r)
 * @param scale s, usually α / r
 * @param dropout of the adapter
 * @param index of this layer among the adapter's, so that each drops other values
 */
record LoraLayer(Linear base, NDArray a, NDArray b, double scale, Dropout dropout, int index) implements Linear.Delta {

  @Override
  public NDArray forward(NDArray y, NDArray x) {
    return DecoderOps.addLowRank(y, dropout.apply(x, index), a, b, scale);
  }

  @Override
  public void backward(NDArray dy, NDArray x, NDArray dx, Gradients gradients) {
    NDArray dropped = dropout.apply(x, index);
    NDArray dDropped = TrainingOps.lowRank(dy, dropped, a, b, scale, gradients.of(a), gradients.of(b));
    // Dropout is linear: its gradient is scaled and zeroed at the same places as its input.
    TorchOps.addInPlace(dx, dropout.apply(dDropped, index));
  }

  /** Adds ±s · BA, for W + s · BA does the work of both. */
  @Override
  public void addTo(NDArray rows, long first, int sign) {
    try (NDArray part = TorchOps.slice(b, 0, first, rows.getShape().get(0))) {
      DecoderOps.addProductInPlace(rows, part, a, sign * scale);
    }
  }

  /**
   * Dropout of the adapter's inputs: off until a batch is trained on.
   *
   * <p>
   * What is dropped follows from the seed, the batch's number and the layer alone. So a batch may run twice, as
   * gradient checkpointing has it, and a resumed run drops what the uninterrupted one would have dropped.
   */
  static final class Dropout {
    private final double p;
    private final long seed;
    private OptionalLong batch = OptionalLong.empty();

    Dropout(double p, long seed) {
      this.p = p;
      this.seed = seed;
    }

    /** Which batch is being trained on; empty for none. */
    void batch(OptionalLong number) {
      batch = number;
    }

    /** A share p of the values set to zero, the others divided by 1 − p; x itself when off. */
    NDArray apply(NDArray x, int layer) {
      return p == 0 || batch.isEmpty() ? x : DecoderOps.dropout(x, p, mix(mix(mix(seed) ^ batch.getAsLong()) ^ layer));
    }

    /** Spreads neighbouring numbers over all 64 bits (the finaliser of SplitMix64). */
    private static long mix(long z) {
      z = (z + 0x9e3779b97f4a7c15L) * 0xbf58476d1ce4e5b9L;
      z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
      return z ^ (z >>> 31);
    }
  }
}
