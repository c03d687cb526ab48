package org.coldstart.scale;

import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.coldstart.data.DataException;

/** A job's connection to Spark: its page, how far it is, and an output folder that is there once it is whole. */
final class Cluster implements AutoCloseable {

  private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\d+,\\s*(\\d+),.*");

  private final String job;
  private final SparkSession spark;

  /**
   * Connects to the master that {@code spark-submit} was given.
   *
   * @param wholeExecutor whether a task has all cores of its executor, as one with a model needs them
   */
  Cluster(String job, boolean wholeExecutor) {
    SparkConf settings = new SparkConf().setAppName("Coldstart " + job);
    cores(settings).filter(cores -> wholeExecutor).ifPresent(cores -> {
      settings.set("spark.task.cpus", cores);
      settings.set("spark.executorEnv.OMP_NUM_THREADS", cores);
    });
    this.job = job;
    this.spark = SparkSession.builder().config(settings).getOrCreate();
    requireFour(spark.version());
    spark.sparkContext().addSparkListener(new Progress());
    say("Spark " + spark.version() + " on " + spark.sparkContext().master() + ", its page: "
        + spark.sparkContext().uiWebUrl().getOrElse(() -> "none"));
  }

  /** Of an executor; empty where the master decides. */
  private static Optional<String> cores(SparkConf settings) {
    Matcher local = LOCAL_CLUSTER.matcher(settings.get("spark.master"));
    return Optional.ofNullable(local.matches() ? local.group(1) : settings.get("spark.executor.cores", null));
  }

  static void requireFour(String version) {
    if (!version.startsWith("4.")) {
      throw new DataException("Spark here is " + version + " and the jobs need Spark 4: submit them with one.");
    }
  }

  SparkSession spark() {
    return spark;
  }

  JavaSparkContext context() {
    return JavaSparkContext.fromSparkContext(spark.sparkContext());
  }

  /** How many tasks to make: as asked for, or some for each core, so that none waits long for the slowest. */
  int parts(int asked) {
    return asked > 0 ? asked : 4 * spark.sparkContext().defaultParallelism();
  }

  void say(String text) {
    System.err.println(job + ": " + text);
  }

  /** Has a job fill a new folder on any file system that Spark writes to, and moves it into place when it is whole. */
  void write(String folder, IoConsumer<String> action) throws IOException {
    Path target = new Path(folder);
    Path aside = new Path(folder.replaceFirst("/+$", "") + "-unfinished-" + spark.sparkContext().applicationId());
    FileContext files = FileContext.getFileContext(spark.sparkContext().hadoopConfiguration());
    if (files.util().exists(target)) {
      throw new DataException(folder + " exists: choose a new folder, or delete it.");
    }
    files.mkdir(aside, FsPermission.getDirDefault(), true);
    try {
      action.accept(aside.toString());
      files.rename(aside, target, Options.Rename.NONE);
    } catch (Throwable e) { // Spark throws checked exceptions that it does not declare
      files.delete(aside, true);
      throw e;
    }
  }

  /** As a Consumer that reads and writes. */
  @FunctionalInterface
  interface IoConsumer<T> {
    void accept(T value) throws IOException;
  }

  @Override
  public void close() {
    spark.stop();
  }

  /** A line whenever a tenth of a stage's tasks is done. */
  private final class Progress extends SparkListener {
    private int tasks;
    private int done;

    @Override
    public synchronized void onStageSubmitted(SparkListenerStageSubmitted stage) {
      tasks += stage.stageInfo().numTasks();
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd task) {
      if (task.reason() instanceof ExecutorLostFailure lost) {
        say("executor " + lost.execId() + " was lost; another one does its task again");
      } else if (task.taskInfo().successful() && ++done * 10 / tasks != (done - 1) * 10 / tasks) {
        say(done + " of " + tasks + " tasks done");
      }
    }
  }
}
