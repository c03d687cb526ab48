package org.coldstart.train;

import java.util.ArrayList;
import java.util.List;
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
   */
  public record Entry(
      int step,
      double epoch,
      double loss,
      double evalLoss,
      double learningRate,
      double gradNorm,
      double tokensPerSecond) {}

  private final List<Entry> entries = new ArrayList<>();

  void add(Entry entry) {
    entries.add(entry);
  }

  /** The rows so far. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** The rows as a table; missing where nothing was measured. */
  public Table toTable() {
    return Table.create(
        "training log",
        IntColumn.create("step", entries.stream().mapToInt(Entry::step).toArray()),
        column("epoch", entries.stream().mapToDouble(Entry::epoch).toArray()),
        column("loss", entries.stream().mapToDouble(Entry::loss).toArray()),
        column("eval loss", entries.stream().mapToDouble(Entry::evalLoss).toArray()),
        column("learning rate", entries.stream().mapToDouble(Entry::learningRate).toArray()),
        column("grad norm", entries.stream().mapToDouble(Entry::gradNorm).toArray()),
        column("tokens/s", entries.stream().mapToDouble(Entry::tokensPerSecond).toArray()));
  }

  private static DoubleColumn column(String name, double[] values) {
    return DoubleColumn.create(name, values);
  }
}
