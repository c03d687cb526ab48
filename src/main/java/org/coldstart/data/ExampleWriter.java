package org.coldstart.data;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.coldstart.data.ShardCounts.Faults;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.rows.RowException;
import org.coldstart.io.rows.RowFiles;
import org.coldstart.io.rows.TokenRows;

/**
 * Turns rows that need not fit in memory into {@link ExampleShards}, shard by shard on all cores.
 *
 * <pre>{@code
 * ExampleWriter writer = new ExampleWriter(builder, SampleFormatter.standard(), 1024, ExampleWriter.BadRows.COUNT);
 * List<ShardCounts> counts = writer.write(List.of(Path.of("rows.jsonl")), Path.of("shards"));
 * List<Example> train = ExampleShards.open(Path.of("shards"));
 * }</pre>
 *
 * @param builder decides on ids and masks, and whether long rows are cut
 * @param format as in {@link ExampleBuilder#build(DataSet, Function, int)}
 * @param maxLength the tokens a row may have
 * @param badRows what happens with a row that cannot be used; those too long or without loss are always counted
 */
public record ExampleWriter(ExampleBuilder builder, Function<DataRow, ? extends Sample> format, int maxLength,
    BadRows badRows) {

  /** What happens with a row that cannot be read, formatted or rendered. */
  public enum BadRows {
    /** The first one, in the rows' order, ends the job. */
    FAIL,
    /** They are left out and counted. */
    COUNT
  }

  private static final int WORKERS = Runtime.getRuntime().availableProcessors();

  /**
   * Writes the rows of files into a new folder, which is there once all are written. JSON lines and Parquet are read
   * row by row, other formats a file at a time.
   *
   * @param files as {@link RowFiles} reads them
   * @param folder must not exist, or be empty
   * @return what became of the rows, by shard
   * @throws DataException if the folder has files, a file cannot be read, a row is bad and that is to fail, or a
   * greater share of rows is too long than the builder allows
   */
  public List<ShardCounts> write(List<Path> files, Path folder) {
    requireNew(folder);
    List<ShardCounts> counts = new ArrayList<>();
    AtomicFiles.writeFolder(folder, aside -> {
      ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
      try {
        Shards shards = new Shards(aside, workers, counts);
        for (Path file : files) {
          read(file, shards);
        }
        shards.finish();
      } finally {
        workers.shutdownNow();
        while (!workers.isTerminated()) { // else one still writes while the folder is deleted
          LockSupport.parkNanos(1_000_000);
        }
      }
      ShardCounts all = ShardCounts.sum(folder.toString(), counts);
      builder.checkOverlong(all.tooLong(), all.rows(), maxLength);
    });
    return List.copyOf(counts);
  }

  static void requireNew(Path folder) {
    String[] files = folder.toFile().list();
    if (files == null ? folder.toFile().exists() : files.length > 0) {
      throw new DataException(folder + " exists: choose a new folder, or delete it.");
    }
  }

  private static void read(Path file, Shards shards) {
    String name = file.getFileName().toString();
    try {
      RowFiles.readUnparsed(file, (number, values) -> shards.add(new SourceRow(name, number, values)));
    } catch (RowException e) {
      throw DataException.of(e);
    }
  }

  /** Writes one shard, as each of many workers does, here or elsewhere; the file must not exist. */
  public ShardCounts write(Iterator<SourceRow> rows, Path file) {
    try (TokenRows.Writer writer = new TokenRows.Writer(file)) {
      Tally tally = new Tally(writer);
      rows.forEachRemaining(tally::add);
      return new ShardCounts(file.getFileName().toString(), tally.rows, tally.tokens, tally.tooLong, tally.withoutLoss,
          tally.bad);
    } catch (RowException e) {
      throw DataException.of(e);
    }
  }

  /** A shard on its way to the disk. */
  private final class Tally {
    private final TokenRows.Writer writer;
    private int rows;
    private long tokens;
    private Faults tooLong = Faults.NONE;
    private Faults withoutLoss = Faults.NONE;
    private Faults bad = Faults.NONE;

    Tally(TokenRows.Writer writer) {
      this.writer = writer;
    }

    void add(SourceRow row) {
      Example whole;
      try {
        whole = builder.encode(format.apply(new DataRow(row.number(), row.values().get())));
        if (whole.keptTokens() > 0) {
          builder.check(whole);
        }
      } catch (RuntimeException e) {
        DataException problem = DataException.of(row.number(), e, true);
        String fault = row.source() + ": " + problem.getMessage();
        if (badRows == BadRows.FAIL) {
          throw new DataException(fault, problem);
        }
        bad = bad.plus(fault);
        return;
      }
      Example example = builder.fit(whole, maxLength).orElse(null);
      String name = row.source() + ": Row " + row.number();
      if (whole.keptTokens() == 0) {
        withoutLoss = withoutLoss.plus(name + ": no token carries loss");
      } else if (example == null) {
        tooLong = tooLong.plus(name + ": " + whole.length() + " tokens");
      } else {
        writer.write(ExampleShards.row(example));
        rows++;
        tokens += example.length();
      }
    }
  }

  /** Cuts rows into shards and hands these to workers, not many more than there are at work. */
  private final class Shards {
    private final Path folder;
    private final ExecutorService workers;
    private final List<ShardCounts> counts;
    private final Deque<Future<ShardCounts>> underWay = new ArrayDeque<>();
    private List<SourceRow> rows = new ArrayList<>();
    private int sent;

    Shards(Path folder, ExecutorService workers, List<ShardCounts> counts) {
      this.folder = folder;
      this.workers = workers;
      this.counts = counts;
    }

    void add(SourceRow row) {
      rows.add(row);
      if (rows.size() == ExampleShards.ROWS) {
        send();
      }
    }

    private void send() {
      Iterator<SourceRow> shard = rows.iterator();
      Path file = folder.resolve(ExampleShards.name(sent++));
      rows = new ArrayList<>();
      underWay.add(workers.submit(() -> write(shard, file)));
      if (underWay.size() > 2 * WORKERS) {
        take();
      }
    }

    /** In the shards' order, so that the first fault is the one that is reported. */
    private void take() {
      try {
        counts.add(underWay.remove().get());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DataException("Writing was interrupted; begin again.", e);
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
      }
    }

    void finish() {
      if (!rows.isEmpty()) {
        send();
      }
      while (!underWay.isEmpty()) {
        take();
      }
    }
  }
}
