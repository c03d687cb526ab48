package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.torch.TorchOps;

/**
 * The angles of rotary position embedding: position p turns pair i of a head by {@code p ·
 * frequency(i)}.
 *
 * <p>Frequencies come from the checkpoint's {@link RopeParameters}. Angles are rounded to f32 as in
 * transformers, so that logits agree far into a text; the tables grow as longer rows appear.
 */
final class RotaryEmbedding implements AutoCloseable {

  private final NDManager manager;
  private final float[] frequencies;
  private NDArray cos;
  private NDArray sin;

  RotaryEmbedding(NDManager parent, RopeParameters rope, int headSize) {
    manager = parent.newSubManager();
    double[] exact = rope.inverseFrequencies(headSize);
    frequencies = new float[exact.length];
    for (int i = 0; i < exact.length; i++) {
      frequencies[i] = (float) exact[i];
    }
    grow(64);
  }

  /** Cosines at given positions (int64, shape (n)), shape (n, head size), owned by {@code out}. */
  NDArray cosAt(NDManager out, NDArray positions, int greatest) {
    grow(greatest + 1);
    return attached(TorchOps.select(cos, 0, positions), out);
  }

  /** Sines, likewise. */
  NDArray sinAt(NDManager out, NDArray positions, int greatest) {
    grow(greatest + 1);
    return attached(TorchOps.select(sin, 0, positions), out);
  }

  private static NDArray attached(NDArray array, NDManager out) {
    array.attach(out);
    return array;
  }

  private void grow(int length) {
    if (cos != null && length <= cos.getShape().get(0)) {
      return;
    }
    int rows = Integer.highestOneBit(Math.max(64, length) * 2 - 1);
    int half = frequencies.length;
    float[] cosines = new float[rows * half * 2];
    float[] sines = new float[cosines.length];
    for (int p = 0; p < rows; p++) {
      for (int i = 0; i < half; i++) {
        float angle = p * frequencies[i];
        int at = p * half * 2 + i;
        cosines[at] = cosines[at + half] = (float) Math.cos(angle);
        sines[at] = sines[at + half] = (float) Math.sin(angle);
      }
    }
    close(cos);
    close(sin);
    cos = manager.create(cosines, new Shape(rows, half * 2L));
    sin = manager.create(sines, new Shape(rows, half * 2L));
  }

  private static void close(NDArray table) {
    if (table != null) {
      table.close();
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
