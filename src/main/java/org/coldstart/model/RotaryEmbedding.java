package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.torch.TorchOps;

/**
 * Rotary position embedding (Su et al., 2021): at position p, pair i of a head's values is rotated by the angle
 * {@code p · θᵢ}.
 *
 * <p>
 * The frequencies θ come from the checkpoint's {@link RopeParameters}. Angles are rounded to f32 as in transformers, so
 * that logits agree far into a text. The tables of cosines and sines grow by doubling; smaller ones stay until the
 * model is closed, for another thread may be reading them.
 */
final class RotaryEmbedding {

  /** Cosines and sines by position, each of shape (n, head size); the sines of the first half are negated. */
  record Tables(NDArray cos, NDArray sin) {}

  private final NDManager manager;
  private final double[] frequencies;
  private Tables tables;

  RotaryEmbedding(NDManager manager, RopeParameters rope, int headSize) {
    this.manager = manager;
    frequencies = rope.inverseFrequencies(headSize);
    tables = tables(64);
  }

  /**
   * The rows of given positions, owned by {@code out}.
   *
   * @param positions int64, shape (n)
   * @param greatest of them
   */
  Tables at(NDManager out, NDArray positions, int greatest) {
    Tables all = tablesFor(greatest);
    return new Tables(select(all.cos(), out, positions), select(all.sin(), out, positions));
  }

  private static NDArray select(NDArray table, NDManager out, NDArray positions) {
    NDArray rows = TorchOps.select(table, 0, positions);
    rows.attach(out);
    return rows;
  }

  private synchronized Tables tablesFor(int greatest) {
    if (greatest >= tables.cos().getShape().get(0)) {
      tables = tables(2 * Integer.highestOneBit(greatest));
    }
    return tables;
  }

  private Tables tables(int positions) {
    int half = frequencies.length;
    float[] cos = new float[positions * half * 2];
    float[] sin = new float[cos.length];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        float angle = p * (float) frequencies[i];
        int at = p * half * 2 + i;
        cos[at] = cos[at + half] = (float) Math.cos(angle);
        sin[at + half] = (float) Math.sin(angle);
        sin[at] = -sin[at + half];
      }
    }
    Shape shape = new Shape(positions, half * 2L);
    return new Tables(manager.create(cos, shape), manager.create(sin, shape));
  }
}
