package org.coldstart.train;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

/**
 * What a run has measured.
 *
 * @param entries the rows, in order of their steps
 */
public record TrainingLog(List<Entry> entries) {

  /**
   * One row of the log.
   *
   * @param step optimizer steps done
   * @param epoch passes over the data, with fraction
   * @param loss mean over the kept tokens since the last row; NaN in the row before the first step
   * @param evalLoss mean over the kept tokens of the held-out rows; NaN where none was due
   * @param learningRate of the last step
   * @param gradNorm global norm of the last step's gradient, before clipping
   * @param tokensPerSecond tokens, without padding, a second, evaluation time left out
   * @param meanTokenAccuracy share of the kept tokens since the last row that had the largest logit; NaN as the loss
   * @param entropy mean over the same tokens of the entropy of the model's distribution, in nats
   * @param evalMeanTokenAccuracy the same share of the held-out rows; NaN where none was due
   * @param numTokens tokens trained on so far, padding left out
   * @param secondsLeft to the run's end at the pace so far; NaN before the first step
   * @param peakMemory most bytes resident in the process so far; NaN where the system does not report it
   * @param metrics what preferences or reinforcement have measured besides, under TRL's names such as
   * {@code rewards/margins}: means of the steps since the last row
   */
  public record Entry(int step, double epoch, double loss, double evalLoss, double learningRate, double gradNorm,
      double tokensPerSecond, double meanTokenAccuracy, double entropy, double evalMeanTokenAccuracy, long numTokens,
      double secondsLeft, double peakMemory, Map<String, Double> metrics) {}

  /** Copies the rows: the log of a run that goes on does not grow. */
  public TrainingLog {
    entries = List.copyOf(entries);
  }

  /** The rows as a table; missing where nothing was measured. */
  public Table toTable() {
    IntColumn steps = IntColumn.create("step", entries.stream().mapToInt(Entry::step).toArray());
    Table table = Table.create("training log", steps,
        column("epoch", Entry::epoch), column("loss", Entry::loss), column("eval loss", Entry::evalLoss),
        column("learning rate", Entry::learningRate), column("grad norm", Entry::gradNorm),
        column("tokens/s", Entry::tokensPerSecond), column("token accuracy", Entry::meanTokenAccuracy),
        column("entropy", Entry::entropy), column("eval accuracy", Entry::evalMeanTokenAccuracy),
        column("seconds left", Entry::secondsLeft), column("peak GiB", entry -> entry.peakMemory() / 0x1p30));
    entries.stream()
      .flatMap(entry -> entry.metrics().keySet().stream())
      .distinct()
      .sorted()
      .forEach(name -> table.addColumns(column(name, entry -> entry.metrics().getOrDefault(name, Double.NaN))));
    return table;
  }

  private DoubleColumn column(String name, ToDoubleFunction<Entry> value) {
    return DoubleColumn.create(name, entries.stream().mapToDouble(value).toArray());
  }
}
