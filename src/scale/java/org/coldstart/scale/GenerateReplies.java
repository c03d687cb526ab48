package org.coldstart.scale;

import com.google.gson.Gson;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Row;
import org.coldstart.data.DataException;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.SourceRow;
import org.coldstart.evaluate.ReplyReport;
import org.coldstart.evaluate.ReplyReport.ScoredReply;
import org.coldstart.generate.Sampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Greedy replies of one checkpoint to many prompts, scored by {@link ReplyReport} where a row has the right answer. */
@Command(name = "generate", aliases = "evaluate", mixinStandardHelpOptions = true, description = "Has a checkpoint answer prompts, and scores the replies where the rows have answers.")
final class GenerateReplies implements Callable<Integer> {

  /** Prompts that a task holds at once, and answers side by side. */
  private static final int BATCH = 50;

  private static final int LINES_OF_A_FILE = 10_000;

  @Parameters(arity = "1..*", description = "files, folders or globs of JSON lines, CSV, TSV or Parquet")
  private List<String> prompts;

  @Option(names = "--out", required = true, description = "new folder of JSON lines")
  private String out;

  @Option(names = "--model", description = "name or path, the same for all workers (default: ${DEFAULT-VALUE})")
  private String model = "SmolLM2-135M-Instruct";

  @Option(names = "--prompt", description = "column of the user's message (default: ${DEFAULT-VALUE})")
  private String prompt = "instruction";

  @Option(names = "--answer", description = "column of the right answer, if there is one (default: ${DEFAULT-VALUE})")
  private String answer = "output";

  @Option(names = "--max-new-tokens", description = "default: ${DEFAULT-VALUE}")
  private int maxNewTokens = 128;

  @Option(names = "--parts", description = "tasks, at least (default: four a core)")
  private int parts;

  /** What travels to the workers. */
  private record Task(String model, String prompt, String answer, int maxNewTokens) implements Serializable {}

  @Override
  public Integer call() throws IOException {
    Task task = new Task(Worker.everywhere(model), prompt, answer, maxNewTokens);
    try (Cluster cluster = new Cluster("generate", true)) {
      cluster.write(out, aside -> {
        SourceRows.read(cluster.spark(), prompts, cluster.parts(parts))
          .foreachPartition(part -> Shards.write(part, LINES_OF_A_FILE, aside, "replies-%s.jsonl",
              (rows, file) -> write(rows, file, task)));
        Row all = cluster.spark()
          .read()
          .schema("ended boolean, well_formed boolean, exact boolean, mentioned boolean")
          .json(aside)
          .selectExpr("count(*)", "count_if(ended)", "count(exact)", "count_if(well_formed)", "count_if(exact)",
              "count_if(mentioned)")
          .first();
        cluster.say(("%s: %s replies, %s ended by the model; of %s with an answer %s well-formed, %s exact,"
            + " %s mention it")
          .formatted(out, all.get(0), all.get(1), all.get(2), all.get(3), all.get(4), all.get(5)));
      });
    }
    return 0;
  }

  private static Path write(Iterator<SourceRow> rows, Path file, Task task) throws IOException {
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      while (rows.hasNext()) {
        List<SourceRow> places = new ArrayList<>();
        while (places.size() < BATCH && rows.hasNext()) {
          places.add(rows.next());
        }
        DataSet batch = DataSet.of(places.stream().map(row -> question(row, task)).toList());
        List<ScoredReply> replies = ReplyReport
          .of(Worker.generator(task.model), batch, Sampling.greedy(), task.maxNewTokens)
          .replies();
        for (int i = 0; i < replies.size(); i++) {
          lines.write(new Gson().toJson(line(places.get(i), replies.get(i))) + "\n");
        }
      }
    }
    return file;
  }

  /** With the columns of {@link ReplyReport}; no answer is an empty one. */
  private static DataRow question(SourceRow row, Task task) {
    try {
      DataRow given = new DataRow(row.number(), row.values().get());
      String expected = given.values().get(task.answer) == null ? "" : given.text(task.answer);
      return new DataRow(row.number(), Map.of("instruction", given.text(task.prompt), "output", expected));
    } catch (RuntimeException e) {
      String place = e instanceof DataException ? "" : "Row " + row.number() + ": ";
      throw new DataException(row.source() + ": " + place + e.getMessage(), e);
    }
  }

  private static Map<String, Object> line(SourceRow place, ScoredReply reply) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("file", place.source());
    line.put("row", place.number());
    line.put("instruction", reply.instruction());
    line.put("reply", reply.reply().text());
    line.put("ended", reply.reply().ended());
    if (!reply.expected().isEmpty()) {
      line.put("expected", reply.expected());
      line.put("well_formed", reply.wellFormed());
      line.put("exact", reply.exact());
      line.put("mentioned", reply.mentioned());
    }
    return line;
  }
}
