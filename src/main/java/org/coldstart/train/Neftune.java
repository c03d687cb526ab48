package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.coldstart.io.torch.DecoderOps;

/**
 * NEFTune (Jain et al., 2023): noise on the embeddings in training, uniform in ±α / √(L · d) for a row of L tokens and
 * hidden size d. Chat models trained with it write longer replies.
 */
final class Neftune {

  private Neftune() {}

  /**
   * Adds noise to a batch's embeddings, shape (tokens, hidden).
   *
   * @param alpha 0 for no noise
   * @param rows lengths of the packed rows
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
