package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.function.UnaryOperator;
import org.coldstart.data.Example;
import org.coldstart.torch.TorchOps;

/**
 * Noise on the embeddings while training, which makes chat models more talkative: drawn evenly from
 * ±alpha / sqrt(length · hidden size), where length is the row's own without padding (NEFTune, Jain
 * et al., 2023).
 */
final class Neftune {

  private Neftune() {}

  /**
   * The change to a batch's embeddings of shape (batch, time, hidden).
   *
   * @param alpha 0 for no noise
   */
  static UnaryOperator<NDArray> noise(double alpha, List<Example> rows) {
    if (alpha == 0) {
      return UnaryOperator.identity();
    }
    return embeddings -> {
      float[] scale = new float[rows.size()];
      for (int row = 0; row < scale.length; row++) {
        double size = (double) rows.get(row).length() * embeddings.getShape().get(2);
        scale[row] = (float) (alpha / Math.sqrt(size));
      }
      NDArray scales = embeddings.getManager().create(scale, new Shape(scale.length, 1, 1));
      return TorchOps.uniformNoise(embeddings, scales);
    };
  }
}
