package org.coldstart.train;

import java.util.List;
import java.util.Optional;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;

/** The training objective: the mean of −log p(y | tokens before y) over the kept tokens y. */
public final class Losses {

  private Losses() {}

  /**
   * The mean loss over all kept tokens of the examples, without gradients.
   *
   * @return NaN for no examples, and, before the next slice, once the thread is interrupted
   */
  public static double mean(CausalLm model, List<Example> examples, int batchSize, Precision precision) {
    return measure(model, examples, batchSize, precision).map(LossSums::meanLoss).orElse(Double.NaN);
  }

  /**
   * The sums over all kept tokens, without gradients. As in training, a batch is measured in slices of not too many
   * tokens.
   *
   * @return empty, before the next slice, once the thread is interrupted
   */
  static Optional<LossSums> measure(CausalLm model, List<Example> examples, int batchSize, Precision precision) {
    LossSums all = LossSums.NONE;
    for (List<Example> rows : Batches.byLength(examples, batchSize)) {
      for (List<Example> slice : Batches.slices(rows, Batches.EVAL_TOKENS)) {
        if (Thread.currentThread().isInterrupted()) {
          return Optional.empty();
        }
        Batch b = Batch.of(slice);
        all = all.plus(model.loss(b.inputIds(), b.seqLens(), b.positions(), b.labels(), precision));
      }
    }
    return Optional.of(all);
  }
}
