package org.coldstart.scale;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.DataException;
import org.coldstart.data.DataSet;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleShards;
import org.coldstart.data.ExampleWriter;
import org.coldstart.data.SampleFormatter;
import org.coldstart.data.ShardCounts;
import org.coldstart.evaluate.ReplyReport;
import org.coldstart.evaluate.ReplyReport.ScoredReply;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code environment/scale} with two workers on this machine, beside the same by the library alone. */
class ScaleTest {

  private static final int ROWS = 24_000;

  /** Of the JSON lines, counted from 1: not JSON, and a turn of nobody. */
  private static final List<Integer> BAD = List.of(7, 20_011);

  @TempDir
  static Path folder;

  private static Path model;
  private static Path rows;

  /** What a command said, and how it ended. */
  private record Run(int status, String text) {}

  @BeforeAll
  static void tinyModelAndRows() throws IOException {
    model = folder.resolve("tiny");
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm lm = ParityCase.of("llama-tied").model()) {
      lm.resizeTokenEmbeddings(tokenizer);
      lm.savePretrained(model);
      tokenizer.save(model);
    }
    rows = Files.createDirectory(folder.resolve("some rows"));
    List<String> lines = new ArrayList<>(IntStream.rangeClosed(1, ROWS).mapToObj(ScaleTest::chat).toList());
    lines.set(BAD.get(0) - 1, "{\"messages\": ");
    lines.set(BAD.get(1) - 1, chat(1).replace("assistant", "nobody"));
    lines.add(100, "");
    lines.remove(101);
    Files.write(rows.resolve("a.jsonl"), lines);
    Files.writeString(rows.resolve("b.csv"),
        "prompt,completion\n\"Say \"\"hi\"\",\nplease\",\"hi,\n hi<|eos|>\"\nTwo?,2<|eos|>\n");
    Files.copy(Path.of("src/test/resources/data/conversations-snappy.parquet"), rows.resolve("c.parquet"));
  }

  private static String chat(int row) {
    return new Gson().toJson(Map.of("messages", List.of(Map.of("role", "user", "content", "What is 3 times " + row + "?"),
        Map.of("role", "assistant", "content", "It is " + 3 * row + ", " + "so ".repeat(row % 40) + "much."))));
  }

  private static Process start(Path errors, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("environment/scale"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(errors.toFile()).start();
  }

  private static Run end(Process process, Path errors) throws Exception {
    assertTrue(process.waitFor(180, TimeUnit.SECONDS), () -> "still at work: " + read(errors));
    return new Run(process.exitValue(), read(errors));
  }

  private static Run run(String... arguments) throws Exception {
    Path errors = Files.createTempFile(folder, "said", ".txt");
    return end(start(errors, arguments), errors);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Path> list(Path place, String pattern) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(place)) {
      return files.filter(it -> it.getFileName().toString().matches(pattern)).sorted().toList();
    }
  }

  @Test
  void aLostWorkerChangesNothingInShardsThatEqualTheLocalOnes() throws Exception {
    Path out = folder.resolve("shards");
    Path errors = folder.resolve("prepare.txt");
    Process job = start(errors, "prepare", rows.toString(), "--model", model.toString(), "--out", out.toString(),
        "--bad-rows", "COUNT", "--parts", "60");
    ProcessHandle lost = null;
    while (job.isAlive() && lost == null) {
      Thread.sleep(50);
      for (Path aside : list(folder, "shards-unfinished.*")) {
        if (list(aside, "train.*parquet").size() > 2) {
          lost = job.descendants().filter(ScaleTest::isExecutor).findFirst().orElseThrow();
        }
      }
    }
    assertTrue(lost != null && lost.destroyForcibly(), () -> "no worker was found at work: " + read(errors));
    Run said = end(job, errors);
    assertEquals(0, said.status, said.text);
    assertTrue(said.text.contains("was lost"), said.text);
    assertTrue(said.text.contains("http://"), "Spark's page: " + said.text);
    assertTrue(said.text.contains("a.jsonl: Row 7: not JSON") && said.text.contains("a.jsonl: Row 20011: turn 2 "),
        said.text);
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      List<ShardCounts> counts = new ExampleWriter(new ExampleBuilder(tokenizer), SampleFormatter.standard(), 1024,
          ExampleWriter.BadRows.COUNT).write(list(rows, ".*"), folder.resolve("local"));
      ShardCounts all = ShardCounts.sum(out.toString(), counts);
      assertTrue(said.text.contains("prepare: " + all.toString().replaceFirst("bad .*", "bad " + all.bad().count())),
          () -> all + " is not what is said: " + said.text);
      ExampleShards expected = ExampleShards.open(folder.resolve("local"));
      ExampleShards shards = ExampleShards.open(out);
      assertEquals(expected.size(), shards.size());
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i).ids(), shards.get(i).ids(), "row " + i);
        assertArrayEquals(expected.get(i).mask(), shards.get(i).mask(), "row " + i);
      }
    }
    assertEquals(List.of(), list(folder, "shards-unfinished.*"));
    assertEquals(List.of(), list(out, "(?!train-.*\\.parquet$|\\..*\\.crc$).*"), "nothing but shards");
  }

  private static boolean isExecutor(ProcessHandle process) {
    return process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend");
  }

  @Test
  void aBadRowEndsTheJobAndLeavesNothing() throws Exception {
    Path out = folder.resolve("refused");
    Run said = run("prepare", rows.toString(), "--model", model.toString(), "--out", out.toString());
    assertEquals(1, said.status);
    assertTrue(said.text.contains("\na.jsonl: Row "), said.text);
    assertEquals(List.of(), list(folder, "refused.*"));
  }

  @Test
  void repliesAndScoresEqualTheLocalOnes() throws Exception {
    Path prompts = folder.resolve("prompts.jsonl");
    Files.write(prompts, Files.readAllLines(Path.of("data/reasoning/test.jsonl")).subList(0, 40));
    Path out = folder.resolve("replies");
    Run said = run("generate", prompts.toString(), "--model", model.toString(), "--out", out.toString(),
        "--max-new-tokens", "16");
    assertEquals(0, said.status, said.text);
    List<JsonObject> lines = new ArrayList<>();
    for (Path file : list(out, "replies-.*\\.jsonl")) {
      Files.readAllLines(file).forEach(line -> lines.add(new Gson().fromJson(line, JsonObject.class)));
    }
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(model); CausalLm lm = CausalLm.fromPretrained(model)) {
      List<ScoredReply> local = ReplyReport
        .of(new Generator(lm, tokenizer), DataSet.load(prompts.toString()), Sampling.greedy(), 16)
        .replies();
      assertEquals(local.size(), lines.size());
      for (int i = 0; i < local.size(); i++) {
        JsonObject line = lines.get(i);
        assertEquals(i + 1, line.get("row").getAsInt());
        assertEquals(local.get(i).instruction(), line.get("instruction").getAsString());
        assertEquals(local.get(i).reply().text(), line.get("reply").getAsString(), "reply " + i);
        assertEquals(local.get(i).exact(), line.get("exact").getAsBoolean());
        assertEquals(local.get(i).mentioned(), line.get("mentioned").getAsBoolean());
      }
    }
  }

  @Test
  void aStudyEqualsTheLocalOne() throws Exception {
    List<String> study = List.of("init", "--model", model.toString(), "--source", TinyTokenizer.START, "--steps", "2",
        "--rows", "2", "--prompts", "2", "--eval-rows", "2", "--seeds", "0,1", "--ways", "clone,mean of sub-tokens");
    List<String> scaled = new ArrayList<>(List.of("study", "--out", folder.resolve("study").toString()));
    scaled.addAll(study);
    Run said = run(scaled.toArray(String[]::new));
    assertEquals(0, said.status, said.text);
    Path csv = folder.resolve("local.csv");
    List<String> local = new ArrayList<>(List.of("environment/study"));
    local.addAll(study);
    local.addAll(List.of("--out", csv.toString()));
    ProcessBuilder builder = new ProcessBuilder(local).inheritIO();
    builder.environment().put("OMP_NUM_THREADS", "1"); // as a worker of one core: sums are in the same order
    assertEquals(0, builder.start().waitFor());
    assertEquals(5, Files.readAllLines(csv).size());
    assertEquals(withoutSeconds(csv), withoutSeconds(folder.resolve("study/initialization.csv")));
  }

  /** The last column but one. */
  private static List<String> withoutSeconds(Path csv) throws IOException {
    return Files.readAllLines(csv).stream().map(line -> line.replaceAll(",[0-9.]+,([^,]*)$", ",$1")).toList();
  }

  @Test
  void badInputIsToldInASentence() throws Exception {
    Path there = Files.createDirectory(folder.resolve("there"));
    Path prompts = Files.writeString(folder.resolve("one.jsonl"), "{\"instruction\":\"1 + 1?\"}\n");
    Run exists = run("prepare", rows.toString(), "--model", model.toString(), "--out", there.toString());
    assertEquals(1, exists.status);
    assertTrue(exists.text.contains("\n" + there + " exists: choose a new folder, or delete it.\n"), exists.text);

    Run unseen = run("generate", prompts.toString(), "--model", "/nowhere/model", "--out", folder + "/unseen");
    assertEquals(1, unseen.status);
    assertTrue(unseen.text.matches("(?s).*\nExecutor \\d on \\S+ cannot see /nowhere/model: put it .*"), unseen.text);

    Path large = Files.createDirectory(folder.resolve("large"));
    for (Path file : list(model, ".*json")) {
      Files.copy(file, large.resolve(file.getFileName()));
    }
    try (RandomAccessFile weights = new RandomAccessFile(large.resolve("model.safetensors").toFile(), "rw")) {
      weights.setLength(1L << 42); // takes no disk
    }
    Run noRoom = run("generate", prompts.toString(), "--model", large.toString(), "--out", folder + "/no-room");
    assertEquals(1, noRoom.status);
    assertTrue(noRoom.text.matches("(?s).*\nExecutor \\d on \\S+ has no room for the model: .*"), noRoom.text);
    assertFalse(noRoom.text.contains("\tat "), "no stack trace");
  }

  @Test
  void aSparkOrJavaThatDoesNotFitIsRefused() throws Exception {
    Path spark = Files.createDirectories(folder.resolve("spark/jars")).getParent();
    Files.createFile(spark.resolve("jars/spark-core_2.12-3.5.1.jar"));
    assertTrue(bash("SPARK_HOME='" + spark + "' find_spark").contains("holds Spark 3.5.1, and the jobs need Spark 4"));
    assertTrue(bash("SPARK_HOME='" + folder + "' find_spark").contains("holds no Spark"));
    Path java = Files.createDirectories(folder.resolve("jdk/bin")).getParent();
    for (String name : List.of("java", "javac")) {
      Files.writeString(java.resolve("bin").resolve(name), "#!/bin/sh\necho javac 30\n").toFile().setExecutable(true);
    }
    assertTrue(bash("JAVA_HOME='" + java + "' require_spark_java").contains("is Java 30: point JAVA_HOME at one"));
    assertEquals("Spark here is 3.5.1 and the jobs need Spark 4: submit them with one.",
        assertThrows(DataException.class, () -> Cluster.requireFour("3.5.1")).getMessage());
  }

  private static String bash(String command) throws Exception {
    Process process = new ProcessBuilder("bash", "-c",
        "set -euo pipefail; source environment/lib/setup.sh; source environment/lib/spark.sh; " + command)
      .redirectErrorStream(true)
      .start();
    String text = new String(process.getInputStream().readAllBytes());
    assertEquals(1, process.waitFor(), text);
    return text;
  }

  @Test
  void aGridIsInTheOrderOfALocalRun() {
    assertEquals(
        List.of(List.of("rows", "--seed", "1", "--rows", "10"), List.of("rows", "--seed", "2", "--rows", "10"),
            List.of("rows", "--seed", "1", "--rows", "20"), List.of("rows", "--seed", "2", "--rows", "20")),
        RunStudies.grid(List.of("rows", "--seed", "1,2", "--rows", "10,20")));
    assertEquals(18, RunStudies.grid(List.of("init")).size());
  }
}
