package org.coldstart.io.gguf;

import java.nio.FloatBuffer;
import java.util.function.LongUnaryOperator;
import org.coldstart.io.config.Architecture;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.TensorInfo;

/**
 * The rows of a Llama's q and k projections (and their biases), which the two formats order differently.
 *
 * <p>
 * Hugging Face rotates halves of a head ({@code j} with {@code j + d/2}), llama.cpp neighbours ({@code 2j} with
 * {@code 2j + 1}); its converter ({@code LlamaModel.permute} in {@code convert_hf_to_gguf.py}) moves the rows of each
 * head so that both give the same result.
 */
final class HeadRows {

  /** Reads values in stored order. */
  @FunctionalInterface
  interface Reader {
    void read(long offset, FloatBuffer into);
  }

  private HeadRows() {}

  /** Whether a tensor of this Hugging Face name has its rows in another order. */
  static boolean reordered(ModelConfig config, String name) {
    boolean interleaved = config.architecture().equals(Architecture.LLAMA.className)
        || config.architecture().equals(Architecture.MISTRAL.className);
    return interleaved && (name.contains(".q_proj.") || name.contains(".k_proj."));
  }

  /** The row in a GGUF file of one of Hugging Face's. */
  static long inGguf(long row, long headDim) {
    long within = row % headDim;
    return row - within + within % (headDim / 2) * 2 + within / (headDim / 2);
  }

  /** The row of Hugging Face's of one in a GGUF file. */
  static long inHuggingFace(long row, long headDim) {
    long within = row % headDim;
    return row - within + within % 2 * (headDim / 2) + within / 2;
  }

  /**
   * Fills a buffer with a tensor whose rows stand elsewhere in what is read.
   *
   * @param place where a row stands
   */
  static void read(TensorInfo tensor, LongUnaryOperator place, long offset, FloatBuffer into, Reader reader) {
    long columns = tensor.elements() / tensor.shape().get(0);
    int end = into.limit();
    while (into.position() < end) {
      long column = offset % columns;
      int count = (int) Math.min(end - into.position(), columns - column);
      into.limit(into.position() + count);
      reader.read(place.applyAsLong(offset / columns) * columns + column, into);
      into.limit(end);
      offset += count;
    }
  }
}
