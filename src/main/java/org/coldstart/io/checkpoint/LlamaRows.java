package org.coldstart.io.checkpoint;

import java.nio.FloatBuffer;

/**
 * The order in which llama.cpp's converter stores the rows of a Llama's q and k projections.
 *
 * <p>Hugging Face rotates halves of a head ({@code j} with {@code j + d/2}), llama.cpp neighbours
 * ({@code 2j} with {@code 2j + 1}); the converter ({@code LlamaModel.permute} in {@code
 * convert_hf_to_gguf.py}) moves the rows of each head so that both give the same result. Here they
 * are moved back while reading.
 */
final class LlamaRows {
  private LlamaRows() {}

  /**
   * Reads a q or k projection (or its bias) of {@code heads} heads with its rows back in Hugging
   * Face's order.
   */
  static void readUnpermuted(StoredTensor tensor, long heads, long offset, FloatBuffer into) {
    tensor.checkRange(offset, into.remaining());
    long rows = tensor.info().shape().get(0);
    long columns = tensor.info().elements() / rows;
    int end = into.limit();
    while (into.position() < end) {
      long column = offset % columns;
      long stored = storedRow(offset / columns, rows / heads) * columns + column;
      int count = (int) Math.min(end - into.position(), columns - column);
      into.limit(into.position() + count);
      tensor.read(stored, into);
      into.limit(end);
      offset += count;
    }
  }

  /**
   * Where llama.cpp keeps the row that Hugging Face has at {@code row}, both halves of a head
   * interleaved.
   */
  static long storedRow(long row, long headDim) {
    long head = row / headDim;
    long within = row % headDim;
    long half = headDim / 2;
    return head * headDim + within % half * 2 + within / half;
  }
}
