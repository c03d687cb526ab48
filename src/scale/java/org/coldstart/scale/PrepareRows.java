package org.coldstart.scale;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.coldstart.data.DataException;
import org.coldstart.data.DataRow;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleShards;
import org.coldstart.data.ExampleWriter;
import org.coldstart.data.Sample;
import org.coldstart.data.SampleFormatter;
import org.coldstart.data.ShardCounts;
import org.coldstart.data.SourceRow;
import org.coldstart.data.ThinkAnswer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Rows to {@link ExampleShards}, by the code of a local run: every task writes the shards of its part of the rows. */
@Command(name = "prepare", mixinStandardHelpOptions = true, description = "Turns rows into tokens and loss masks in Parquet.")
final class PrepareRows implements Callable<Integer> {

  /** What a row looks like. */
  enum Format {
    /** The columns that {@link SampleFormatter} knows. */
    CHAT(SampleFormatter.standard()),
    /** The columns instruction, reasoning and output. */
    THINK_ANSWER(ThinkAnswer::promptCompletion);

    private final Function<DataRow, ? extends Sample> samples;

    Format(Function<DataRow, ? extends Sample> samples) {
      this.samples = samples;
    }
  }

  @Parameters(arity = "1..*", description = "files, folders or globs of JSON lines, CSV, TSV or Parquet")
  private List<String> rows;

  @Option(names = "--out", required = true, description = "new folder of Parquet files")
  private String out;

  @Option(names = "--model", description = "whose tokenizer and template; name or path (default: ${DEFAULT-VALUE})")
  private String model = "SmolLM2-135M-Instruct";

  @Option(names = "--format", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private Format format = Format.CHAT;

  @Option(names = "--max-length", description = "tokens a row may have (default: ${DEFAULT-VALUE})")
  private int maxLength = 1024;

  @Option(names = "--bad-rows", description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
  private ExampleWriter.BadRows badRows = ExampleWriter.BadRows.FAIL;

  @Option(names = "--parts", description = "tasks, at least (default: four a core)")
  private int parts;

  @Override
  public Integer call() throws IOException {
    Task task = new Task(Worker.everywhere(model), format, maxLength, badRows);
    try (Cluster cluster = new Cluster("prepare", false)) {
      cluster.write(out, aside -> {
        long start = System.nanoTime();
        List<ShardCounts> shards = SourceRows.read(cluster.spark(), rows, cluster.parts(parts))
          .mapPartitions(part -> Shards
            .write(part, ExampleShards.ROWS, aside, "train-%s.parquet", (rows, file) -> task.write(rows, file))
            .iterator())
          .collect()
          .stream()
          .map(json -> new Gson().fromJson(json, ShardCounts.class))
          .toList();
        shards.stream().filter(PrepareRows::leftSomeOut).forEach(shard -> cluster.say(shard.toString()));
        ShardCounts all = ShardCounts.sum(out, shards);
        cluster.say("%s; %.0f rows/s".formatted(all, all.rows() / ((System.nanoTime() - start) / 1e9)));
        if (all.tooLong().count() >= all.rows()) {
          throw new DataException("Half of the rows or more are too long, or there are none: raise --max-length.");
        }
      });
    }
    return 0;
  }

  private static boolean leftSomeOut(ShardCounts shard) {
    return shard.bad().count() + shard.tooLong().count() + shard.withoutLoss().count() > 0;
  }

  /** What travels to the workers. */
  private record Task(String model, Format format, int maxLength, ExampleWriter.BadRows badRows)
      implements Serializable {

    /** Writes a shard and counts, as JSON. */
    String write(Iterator<SourceRow> rows, Path file) {
      ExampleBuilder builder = new ExampleBuilder(Worker.tokenizer(model));
      return new Gson().toJson(new ExampleWriter(builder, format.samples, maxLength, badRows).write(rows, file));
    }
  }
}
