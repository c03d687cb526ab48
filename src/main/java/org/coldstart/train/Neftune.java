package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.coldstart.io.torch.DecoderOps;

/**
 * Noise on the embeddings while training, which makes chat models more talkative: drawn evenly from
 * ±alpha / sqrt(length · hidden size), where length is the row's own (NEFTune, Jain et al., 2023).
 */
final class Neftune {

  private Neftune() {}

  /**
   * The change to a batch's embeddings of shape (tokens, hidden).
   *
   * @param alpha 0 for no noise
   * @param rows the lengths of the rows, whose tokens stand end to end
   */
  static UnaryOperator<NDArray> noise(double alpha, long[] rows) {
    if (alpha == 0) {
      return UnaryOperator.identity();
    }
    return embeddings -> {
      long hidden = embeddings.getShape().get(1);
      float[] scale = new float[Math.toIntExact(embeddings.getShape().get(0))];
      int at = 0;
      for (long length : rows) {
        Arrays.fill(scale, at, at += length, (float) (alpha / Math.sqrt(length * hidden)));
      }
      NDArray scales = embeddings.getManager().create(scale, new Shape(scale.length, 1));
      return DecoderOps.uniformNoise(embeddings, scales);
    };
  }
}
