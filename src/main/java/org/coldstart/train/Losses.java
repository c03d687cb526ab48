package org.coldstart.train;

import java.util.List;
import java.util.Optional;

/**
 * The training objective: cross-entropy at the positions that predict a kept token, and at no
 * others.
 */
public final class Losses {

  private Losses() {}

  /**
   * The mean loss over all kept tokens of the examples, without gradients.
   *
   * @return NaN for no examples, and, before the next slice, once the thread is interrupted
   */
  public static double mean(
      CausalLm model, List<Example> examples, int batchSize, Precision precision) {
    return measure(model, examples, batchSize, precision)
        .map(LossSums::meanLoss)
        .orElse(Double.NaN);
  }

  /**
   * The sums over all kept tokens of the examples, without gradients. A batch of many tokens is
   * worked through in slices, as in training.
   *
   * @return empty, before the next slice, once the thread is interrupted
   */
  static Optional<LossSums> measure(
      CausalLm model, List<Example> examples, int batchSize, Precision precision) {
    LossSums all = LossSums.NONE;
    for (List<Example> rows : Batches.byLength(examples, batchSize)) {
      for (List<Example> slice : Batches.slices(rows, Batches.EVAL_TOKENS)) {
        if (Thread.currentThread().isInterrupted()) {
          return Optional.empty();
        }
        all = all.plus(measure(model, Batch.of(slice), precision));
      }
    }
    return Optional.of(all);
  }

  private static LossSums measure(CausalLm model, Batch batch, Precision precision) {
    return model.loss(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), precision);
  }
}
