package org.coldstart.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.io.rows.RowException;
import org.coldstart.io.rows.TokenRows;

/**
 * Examples in a folder of Parquet files, the shards, of which only the {@value #IN_MEMORY} last used are in memory:
 * with shards of {@value #ROWS} rows of 200 tokens about 20 MB, however many there are. The columns are those that
 * {@link TokenRows} names and TRL takes as they are.
 *
 * <p>
 * The trainer reads it in the order of {@link #shuffled}; a resumed run goes on at the row at which it stopped.
 */
public final class ExampleShards extends AbstractList<Example> implements RandomAccess {

  /** The rows of a shard that is written here. */
  public static final int ROWS = 5_000;

  private static final int IN_MEMORY = 4;

  private final List<Path> files;

  /** The index of each file's first row, and behind the last one the number of all. */
  private final int[] starts;

  private final Map<Integer, List<Example>> read = new LinkedHashMap<>(16, 0.75f, true) {
    @Override
    protected boolean removeEldestEntry(Map.Entry<Integer, List<Example>> eldest) {
      return size() > IN_MEMORY;
    }
  };

  private ExampleShards(List<Path> files) {
    this.files = files;
    long[] counts = files.stream().mapToLong(TokenRows::count).toArray();
    this.starts = IntStream.rangeClosed(0, counts.length)
      .map(i -> Math.toIntExact(Arrays.stream(counts, 0, i).sum()))
      .toArray();
  }

  /**
   * The examples in all {@code .parquet} files of a folder, in the order of their names.
   *
   * @throws DataException if there is none, or one cannot be read
   */
  public static ExampleShards open(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> files = entries.filter(file -> file.toString().endsWith(".parquet")).sorted().toList();
      if (files.isEmpty()) {
        throw new DataException("There is no .parquet file in " + folder + "; write some with ExampleWriter.");
      }
      return new ExampleShards(files);
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("Cannot read the folder " + folder + ": " + e + ".", e);
    } catch (RowException e) {
      throw DataException.of(e);
    }
  }

  /** The file of a shard, counted from 0. */
  static String name(int shard) {
    return "train-%05d.parquet".formatted(shard);
  }

  /** Writes one shard. */
  static void write(Path file, Iterable<Example> examples) {
    try (TokenRows.Writer writer = new TokenRows.Writer(file)) {
      examples.forEach(example -> writer.write(row(example)));
    } catch (RowException e) {
      throw DataException.of(e);
    }
  }

  static TokenRows row(Example example) {
    if (example.weights() != null) {
      throw new DataException("An example with weights cannot be written to Parquet: TRL has no column for them.");
    }
    int[] ids = example.ids();
    boolean[] mask = example.mask();
    return new TokenRows(ids,
        IntStream.range(0, ids.length).map(t -> mask[t] ? ids[t] : TokenRows.IGNORED).toArray());
  }

  private static Example example(Path file, long number, TokenRows row) {
    int[] ids = row.ids();
    int[] labels = row.labels();
    boolean[] mask = new boolean[ids.length];
    for (int t = 0; t < Math.max(ids.length, labels.length); t++) {
      if (ids.length != labels.length || labels[t] != ids[t] && labels[t] != TokenRows.IGNORED) {
        throw new DataException(
            "%s, row %d: labels are not the row's own input_ids or %d, one for each; write it again.".formatted(file,
                number, TokenRows.IGNORED));
      }
      mask[t] = labels[t] != TokenRows.IGNORED;
    }
    return new Example(ids, mask);
  }

  @Override
  public synchronized Example get(int index) {
    Objects.checkIndex(index, size());
    int found = Arrays.binarySearch(starts, index);
    int shard = found < 0 ? -found - 2 : found;
    while (starts[shard + 1] == index) { // an empty file begins there, too
      shard++;
    }
    List<Example> rows = read.get(shard);
    if (rows == null) {
      rows = read(files.get(shard));
      read.put(shard, rows);
    }
    return rows.get(index - starts[shard]);
  }

  private static List<Example> read(Path file) {
    List<Example> rows = new ArrayList<>();
    try {
      TokenRows.read(file, row -> rows.add(example(file, rows.size() + 1L, row)));
      return rows;
    } catch (RowException e) {
      throw DataException.of(e);
    }
  }

  @Override
  public int size() {
    return starts[files.size()];
  }

  /** By the tokens, for a row that was read again is another object. */
  @Override
  public int indexOf(Object row) {
    return row instanceof Example example
        ? IntStream.range(0, size()).filter(i -> Arrays.equals(get(i).ids(), example.ids())).findFirst().orElse(-1) : -1;
  }

  /**
   * The same examples in an order that the seed decides: shards are shuffled, and then the rows of each
   * {@value #IN_MEMORY} that follow each other, so that every shard is read once.
   */
  public List<Example> shuffled(long seed) {
    Random random = new Random(seed);
    List<Integer> shards = new ArrayList<>(IntStream.range(0, files.size()).boxed().toList());
    Collections.shuffle(shards, random);
    int[] order = new int[size()];
    int filled = 0;
    for (List<Integer> together : Batches.cut(shards, IN_MEMORY)) {
      int from = filled;
      for (int shard : together) {
        for (int row = starts[shard]; row < starts[shard + 1]; row++) {
          int other = from + random.nextInt(filled - from + 1); // Fisher and Yates, inside out
          order[filled++] = order[other];
          order[other] = row;
        }
      }
    }
    return new AbstractList<>() {
      @Override
      public Example get(int index) {
        return ExampleShards.this.get(order[index]);
      }

      @Override
      public int size() {
        return order.length;
      }
    };
  }

  @Override
  public String toString() {
    return "ExampleShards[%d rows in %d files]".formatted(size(), files.size());
  }
}
