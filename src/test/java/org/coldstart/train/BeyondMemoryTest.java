package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleSet;
import org.coldstart.data.ExampleShards;
import org.coldstart.data.ExampleWriter;
import org.coldstart.data.ExampleWriter.BadRows;
import org.coldstart.data.SampleFormatter;
import org.coldstart.data.ShardCounts;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Machine;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rows that do not fit into the heap are prepared and trained on, and a run over shards resumes exactly.
 *
 * <p>
 * {@code java -Xmx1g -cp … org.coldstart.train.BeyondMemoryTest prepare FOLDER 2000000}, then {@code train}, measures
 * the same at size.
 */
class BeyondMemoryTest {

  private static final int LONG_ROWS = 50_000;
  private static final int TOKENS = 500;

  @TempDir
  Path folder;

  /** The process with the small heap. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[1]);
    long start = System.nanoTime();
    switch (arguments[0]) {
    case "prepare" -> prepare(folder, Integer.parseInt(arguments[2]));
    case "write" -> new ExampleSet(longRows(), 0, 0).toParquet(folder.resolve("shards"));
    case "train" -> train(ExampleShards.open(folder.resolve("shards")));
    default -> train(List.copyOf(ExampleShards.open(folder.resolve("shards"))));
    }
    System.out.printf("%s: %.1f s, heap limit %d MiB, peak resident %d MiB%n", arguments[0],
        (System.nanoTime() - start) / 1e9, Runtime.getRuntime().maxMemory() >> 20,
        Machine.peakResidentBytes().orElse(0) >> 20);
  }

  private static List<Example> longRows() {
    return new AbstractList<>() {
      @Override
      public Example get(int index) {
        return Rows.of(TOKENS, index);
      }

      @Override
      public int size() {
        return LONG_ROWS;
      }
    };
  }

  private static void prepare(Path folder, int rows) throws IOException {
    Path lines = Files.createDirectories(folder).resolve("rows.jsonl");
    try (BufferedWriter out = Files.newBufferedWriter(lines, StandardCharsets.UTF_8)) {
      for (int i = 0; i < rows; i++) {
        out.write(i % 1_000 == 999 ? "{\"prompt\": \n"
            : ("{\"messages\": [{\"role\": \"user\", \"content\": \"What is %d and %d?\"},"
                + " {\"role\": \"assistant\", \"content\": \"Together they are %d.\"}]}\n")
              .formatted(i, i / 7, i + i / 7));
      }
    }
    long start = System.nanoTime();
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      List<ShardCounts> counts = new ExampleWriter(new ExampleBuilder(tokenizer), SampleFormatter.standard(), 128,
          BadRows.COUNT).write(List.of(lines), folder.resolve("shards"));
      double seconds = (System.nanoTime() - start) / 1e9;
      System.out.printf("%s%n%d shards in %.1f s, %.0f rows/s%n", ShardCounts.sum("all", counts), counts.size(), seconds,
          rows / seconds);
    }
  }

  private static void train(List<Example> rows) {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      SftConfig config = SftConfig.builder().maxSteps(5).build();
      System.out.println(new SftTrainer(model, tokenizer, config, rows, List.of()).train());
    }
  }

  private int fork(String mode) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java"), "-Xmx112m",
        "-Dai.djl.offline=true", "-cp", System.getProperty("java.class.path"), BeyondMemoryTest.class.getName(), mode,
        folder.toString()));
    Path log = folder.resolve(mode + ".txt");
    int status = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor();
    System.out.println(Files.readString(log).lines().reduce("", (a, b) -> b));
    return status;
  }

  /** The rows are 130 MB; the third process, which holds them all, shows that they do not fit. */
  @Test
  void rowsThatDoNotFitAreWrittenAndTrainedOn() throws IOException, InterruptedException {
    assertEquals(0, fork("write"), () -> text("write"));
    assertEquals(0, fork("train"), () -> text("train"));
    assertTrue(fork("hold") != 0 && text("hold").contains("OutOfMemoryError"), () -> text("hold"));
  }

  private String text(String mode) {
    try {
      return Files.readString(folder.resolve(mode + ".txt"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private SftTrainer trainer(CausalLm model, Tokenizer tokenizer, String out, SftConfig.Builder config) {
    return new SftTrainer(model, tokenizer,
        config.outputDir(folder.resolve(out)).saveStrategy(SaveStrategy.STEPS).saveSteps(4).build(),
        ExampleShards.open(folder.resolve("shards")), List.of());
  }

  /** An epoch is 11 steps, so that the second one's order counts. */
  @Test
  void aResumedRunTakesTheSameRows() {
    new ExampleSet(IntStream.range(0, 11_000).mapToObj(i -> Rows.of(4 + i % 5, i)).toList(), 0, 0)
      .toParquet(folder.resolve("shards"));
    SftConfig.Builder config = SftConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(500)
      .gradientAccumulationSteps(2)
      .maxSteps(14);
    try (Tokenizer tokenizer = TinyTokenizer.chat();
        CausalLm alone = ParityCase.of("llama-tied").model();
        CausalLm resumed = ParityCase.of("llama-tied").model()) {
      alone.resizeTokenEmbeddings(tokenizer);
      resumed.resizeTokenEmbeddings(tokenizer);
      assertEquals(22, trainer(alone, tokenizer, "epoch", config.maxSteps(0).numTrainEpochs(2)).totalSteps());
      SftTrainer first = trainer(alone, tokenizer, "alone", config.maxSteps(14));
      assertEquals(14_000, first.train().rows());
      SftTrainer second = trainer(resumed, tokenizer, "resumed", config);
      assertThrows(IllegalArgumentException.class,
          () -> trainer(resumed, tokenizer, "packed", SftConfig.builder().packing(true)));
      second.resume(folder.resolve("alone/checkpoint-8"));
      Map<String, float[]> expected = Arrays32.weights(alone);
      Arrays32.weights(resumed).forEach((name, weights) -> assertArrayEquals(expected.get(name), weights, name));
    }
  }
}
