package org.coldstart.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.io.files.AtomicFiles;

/**
 * The examples of a data set.
 *
 * @param examples in the data set's order
 * @param dropped how many rows were too long and left out
 * @param cut how many of the examples were too long and truncated
 */
public record ExampleSet(List<Example> examples, int dropped, int cut) {

  /**
   * Examples of at most {@code maxLength} tokens.
   *
   * @param all belong to {@code rows}, one by one
   * @param truncate whether longer ones are cut on the right, where some loss is left, or dropped
   * @param maxShare the greatest share of rows that may be too long, in [0, 1]
   */
  static ExampleSet fit(List<DataRow> rows, List<Example> all, int maxLength, boolean truncate, double maxShare) {
    if (maxLength < 2) {
      throw new IllegalArgumentException("maxLength must be at least 2, not " + maxLength + ".");
    }
    List<Example> examples = new ArrayList<>();
    List<Long> tooLong = new ArrayList<>();
    int cut = 0;
    for (int i = 0; i < all.size(); i++) {
      Example start = all.get(i).truncate(maxLength);
      boolean whole = start == all.get(i);
      if (!whole) {
        tooLong.add(rows.get(i).number());
      }
      if (whole || truncate && start.keptTokens() > 0) {
        examples.add(start);
        cut += whole ? 0 : 1;
      }
    }
    if (tooLong.size() > maxShare * all.size()) {
      throw new DataException(
          "%s (%d of %d) have more than %d tokens; raise maxLength (the longest has %d), or use maxOverlongShare(1)."
            .formatted(DataException.names(tooLong), tooLong.size(), all.size(), maxLength,
                all.stream().mapToInt(Example::length).max().orElse(0)));
    }
    return new ExampleSet(List.copyOf(examples), tooLong.size() - cut, cut);
  }

  /**
   * The examples in a folder of Parquet files, which are read as they are needed; what was left out on the way there is
   * not known any more.
   *
   * @throws DataException if there are none
   */
  public static ExampleSet fromParquet(Path folder) {
    return new ExampleSet(ExampleShards.open(folder), 0, 0);
  }

  /**
   * Writes the examples into a new folder of Parquet files, on all cores.
   *
   * @throws DataException if the folder has files, or an example has weights
   */
  public void toParquet(Path folder) {
    ExampleWriter.requireNew(folder);
    List<List<Example>> shards = Batches.cut(examples, ExampleShards.ROWS);
    AtomicFiles.writeFolder(folder, aside -> IntStream.range(0, shards.size())
      .parallel()
      .forEach(i -> ExampleShards.write(aside.resolve(ExampleShards.name(i)), shards.get(i))));
  }

  /** The number of examples. */
  public int size() {
    return examples.size();
  }

  /** Tokens of all examples. */
  public long tokens() {
    return examples.stream().mapToLong(Example::length).sum();
  }

  /** Tokens that carry loss. */
  public long keptTokens() {
    return examples.stream().mapToLong(Example::keptTokens).sum();
  }
}
