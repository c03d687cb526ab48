package org.coldstart.scale;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.deploy.SparkHadoopUtil;

/** A task's share of an output folder: files that are there whole, once, however often the task is begun. */
final class Shards {

  private Shards() {}

  /** Writes rows to a local file and says something about it. */
  @FunctionalInterface
  interface Writer<T, R> {
    R write(Iterator<T> rows, java.nio.file.Path file) throws IOException;
  }

  /**
   * Writes a task's rows, so many in a file.
   *
   * @param folder on any file system that Spark writes to
   * @param name of a file, with %s for its place among all of the job
   * @return what the writer says of each
   */
  static <T, R> List<R> write(Iterator<T> rows, int limit, String folder, String name, Writer<T, R> writer)
      throws IOException {
    java.nio.file.Path local = Files.createTempDirectory("shards");
    List<R> results = new ArrayList<>();
    while (rows.hasNext()) {
      String place = "%05d-%05d".formatted(TaskContext.getPartitionId(), results.size());
      java.nio.file.Path file = local.resolve(name.formatted(place));
      Stream<T> some = Stream.iterate(rows, Iterator::hasNext, it -> it).limit(limit).map(Iterator::next);
      results.add(writer.write(some.iterator(), file));
      move(file, new Path(folder + "/" + file.getFileName()));
    }
    Files.delete(local);
    return results;
  }

  /** By way of a name of this attempt's own, for a lost worker's copy may be half. */
  private static void move(java.nio.file.Path local, Path target) throws IOException {
    FileContext files = FileContext
      .getFileContext(SparkHadoopUtil.get().newConfiguration(SparkEnv.get().conf()));
    Path copy = new Path(target + "." + TaskContext.get().taskAttemptId());
    files.util().copy(new Path(local.toUri().toString()), copy, true, true);
    files.rename(copy, target, Options.Rename.OVERWRITE);
  }
}
