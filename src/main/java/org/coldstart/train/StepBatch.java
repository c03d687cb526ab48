package org.coldstart.train;

import java.util.List;
import java.util.Map;
import org.coldstart.data.Example;

/**
 * An optimizer step's rows as examples, weighed as its {@link Objective} has it.
 *
 * @param rows how many rows of the data they come from
 * @param parts micro-batches, those together of which a common prefix is read once; none if there is nothing to learn
 * from the rows, and the weights stay
 * @param scale of the gradient
 * @param temperature at which the tokens were drawn
 * @param loss of the objective; NaN where it is the mean −log p itself
 * @param metrics what else is logged of the step, under TRL's names
 */
record StepBatch(int rows, List<List<List<Example>>> parts, double scale, double temperature, double loss,
    Map<String, Double> metrics) {

  /** All of them. */
  List<Example> examples() {
    return parts.stream().flatMap(List::stream).flatMap(List::stream).toList();
  }

  /** Whether the weights come from the model's own probabilities, hence nothing random may change these. */
  boolean isWeighedByTheModel() {
    return !Double.isNaN(loss);
  }
}
