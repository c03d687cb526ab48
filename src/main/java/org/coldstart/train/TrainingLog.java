package org.coldstart.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

/** What a run wrote down. */
public final class TrainingLog {

  /**
   * One row of the log.
   *
   * @param step optimizer steps done
   * @param epoch passes over the data, with fraction
   * @param loss mean over the kept tokens since the last row; NaN in the row before the first step
   * @param evalLoss mean over the kept tokens of the held-out rows; NaN where none was due
   * @param learningRate of the last step
   * @param gradNorm of the last step, before clipping
   * @param tokensPerSecond tokens, without padding, a second, evaluation time left out
   * @param meanTokenAccuracy share of the kept tokens since the last row that were the model's
   *     likeliest; NaN as the loss
   * @param entropy mean over the same tokens of the entropy of the model's distribution, in nats
   * @param evalMeanTokenAccuracy the same share of the held-out rows; NaN where none was due
   * @param numTokens tokens trained on so far, padding left out
   * @param secondsLeft to the run's end at the pace so far; NaN before the first step
   * @param peakMemory most bytes resident in the process so far; NaN where the system does not tell
   */
  public record Entry(
      int step,
      double epoch,
      double loss,
      double evalLoss,
      double learningRate,
      double gradNorm,
      double tokensPerSecond,
      double meanTokenAccuracy,
      double entropy,
      double evalMeanTokenAccuracy,
      long numTokens,
      double secondsLeft,
      double peakMemory) {}

  /**
   * What the model answered during training.
   *
   * @param step optimizer steps done
   * @param prompt the conversation's last message
   * @param reply the answer, special tokens left out
   */
  public record Sample(int step, String prompt, String reply) {}

  private final List<Entry> entries = new ArrayList<>();
  private final List<Sample> samples = new ArrayList<>();

  void add(Entry entry) {
    entries.add(entry);
  }

  void add(Sample sample) {
    samples.add(sample);
  }

  /** The same rows in another list, which does not grow with this one. */
  TrainingLog copy() {
    TrainingLog copy = new TrainingLog();
    copy.entries.addAll(entries);
    copy.samples.addAll(samples);
    return copy;
  }

  /** The rows so far. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** The answers so far. */
  public List<Sample> samples() {
    return List.copyOf(samples);
  }

  /** The rows as a table; missing where nothing was measured. */
  public Table toTable() {
    return Table.create(
        "training log",
        IntColumn.create("step", entries.stream().mapToInt(Entry::step).toArray()),
        column("epoch", Entry::epoch),
        column("loss", Entry::loss),
        column("eval loss", Entry::evalLoss),
        column("learning rate", Entry::learningRate),
        column("grad norm", Entry::gradNorm),
        column("tokens/s", Entry::tokensPerSecond),
        column("token accuracy", Entry::meanTokenAccuracy),
        column("entropy", Entry::entropy),
        column("eval accuracy", Entry::evalMeanTokenAccuracy),
        column("seconds left", Entry::secondsLeft),
        column("peak GiB", entry -> entry.peakMemory() / 0x1p30));
  }

  private DoubleColumn column(String name, ToDoubleFunction<Entry> value) {
    return DoubleColumn.create(name, entries.stream().mapToDouble(value).toArray());
  }
}
