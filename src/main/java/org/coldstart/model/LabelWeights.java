package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;

/**
 * How the log-probabilities of a batch's labels enter the loss, Σ scale · w · −log p(label) with p = softmax(logits /
 * temperature).
 *
 * @param values w of each label, of either sign; null for 1
 * @param scale one divided by what the whole step's loss is a mean over
 * @param temperature at which the labels were drawn; 1 for the model's own distribution
 */
public record LabelWeights(float[] values, double scale, double temperature) {

  /** Those of some labels. */
  LabelWeights range(int from, int to) {
    return values == null ? this : new LabelWeights(Arrays.copyOfRange(values, from, to), scale, temperature);
  }

  /** What each loss is multiplied by, scale · w, f32, of the labels' shape. */
  NDArray of(NDArray labels) {
    NDManager manager = labels.getManager();
    return values == null ? manager.full(labels.getShape(), (float) scale) : manager.create(values).muli(scale);
  }
}
