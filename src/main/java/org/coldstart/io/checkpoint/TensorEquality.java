package org.coldstart.io.checkpoint;

import java.nio.FloatBuffer;

/** Compares two tensors of a source value by value, in pieces. */
final class TensorEquality {
  private static final int CHUNK = 1 << 20;

  private TensorEquality() {}

  /** Whether they have the same shape and equal values. */
  static boolean in(TensorSource source, TensorInfo a, TensorInfo b) {
    if (!a.shape().equals(b.shape())) {
      return false;
    }
    for (long at = 0; at < a.elements(); at += CHUNK) {
      int count = (int) Math.min(CHUNK, a.elements() - at);
      if (!piece(source, a, at, count).equals(piece(source, b, at, count))) {
        return false;
      }
    }
    return true;
  }

  private static FloatBuffer piece(TensorSource source, TensorInfo tensor, long at, int count) {
    FloatBuffer values = FloatBuffer.allocate(count);
    source.read(tensor.name(), at, values);
    return values.flip();
  }
}
