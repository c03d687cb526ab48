package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which checkpoints a run keeps, and what it makes of the eval loss. */
class CheckpointsTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();
  private static final List<Example> ROWS = Rows.some(12);

  @TempDir
  Path folder;
  private CausalLm model;

  @AfterAll
  static void closeTokenizer() {
    TOKENIZER.close();
  }

  @BeforeEach
  void load() {
    model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(TOKENIZER);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private SftConfig.Builder config() {
    return SftConfig.builder()
      .learningRate(1e-3)
      .lrSchedulerType(LearningRateSchedule.CONSTANT)
      .perDeviceTrainBatchSize(8)
      .maxSteps(10)
      .loggingSteps(1)
      .saveStrategy(SaveStrategy.STEPS)
      .saveSteps(2)
      .outputDir(folder);
  }

  private TrainingResult train(SftConfig config) {
    return new SftTrainer(model, TOKENIZER, config, ROWS.subList(0, 8), ROWS.subList(8, 12)).train();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString())
        .sorted(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()))
        .toList();
    }
  }

  @Test
  void theLastOnesStay() throws IOException {
    TrainingResult result = train(config().evalSteps(100).saveTotalLimit(2).build());
    assertEquals(List.of("checkpoint-8", "checkpoint-10"), names());
    assertEquals(folder.resolve("checkpoint-10"), result.lastCheckpoint().orElseThrow());
    assertEquals(result.lastCheckpoint(), SftTrainer.lastCheckpoint(folder));
  }

  /** A high rate soon makes the held-out rows worse, so the best is not the last. */
  @Test
  void theBestStaysAndIsPutBack() throws IOException {
    SftConfig config = config().learningRate(2e-2).evalSteps(1).saveTotalLimit(1).loadBestModelAtEnd(true).build();
    TrainingResult result = train(config);
    TrainingLog.Entry best = result.log()
      .entries()
      .stream()
      .filter(entry -> entry.step() > 0)
      .min(Comparator.comparingDouble(TrainingLog.Entry::evalLoss))
      .orElseThrow();
    assertTrue(best.step() < 10, "the best is at step " + best.step());
    Path folderOfBest = folder.resolve("checkpoint-" + best.step());
    assertEquals(Optional.of(folderOfBest), result.bestCheckpoint());
    assertEquals(List.of(folderOfBest.getFileName().toString(), "checkpoint-10"), names());
    assertEquals(best.evalLoss(), result.evalLoss());
    assertEquals(best.evalLoss(), Losses.mean(model, ROWS.subList(8, 12), 8, Precision.F32), 1e-6);
    try (CausalLm saved = CausalLm.fromPretrained(folderOfBest)) {
      Map<String, float[]> weights = Arrays32.weights(saved);
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  @Test
  void theRunEndsWhenTheEvalLossNoLongerFalls() {
    SftConfig.Builder config = config().learningRate(2e-2).evalSteps(1).maxSteps(50);
    TrainingResult result = train(config.earlyStoppingPatience(3).build());
    assertTrue(result.stoppedEarly());
    assertFalse(result.interrupted());
    List<Double> losses = result.log().entries().stream().skip(1).map(TrainingLog.Entry::evalLoss).toList();
    int best = losses.indexOf(losses.stream().min(Comparator.naturalOrder()).orElseThrow()) + 1;
    assertEquals(best + 3, result.steps());
    assertEquals(folder.resolve("checkpoint-" + result.steps()), result.lastCheckpoint().orElseThrow());
  }

  @Test
  void aGainBelowTheThresholdIsNone() {
    SftConfig.Builder config = config().evalSteps(1).maxSteps(50).saveStrategy(SaveStrategy.NO);
    TrainingResult result = train(config.earlyStoppingPatience(4).earlyStoppingThreshold(100).build());
    assertEquals(5, result.steps(), "the first counts as a gain, then four do not");
  }

  @Test
  void watchingNeedsEvaluationRows() {
    for (SftConfig config : List.of(config().loadBestModelAtEnd(true).build(),
        config().earlyStoppingPatience(2).build())) {
      assertThrows(IllegalArgumentException.class, () -> new SftTrainer(model, TOKENIZER, config, ROWS, List.of()));
    }
    assertThrows(IllegalArgumentException.class, () -> SftConfig.builder().loadBestModelAtEnd(true).build(),
        "nowhere to keep it");
  }

  @Test
  void whatADeadProcessLeftIsDeletedAndOtherFilesStay() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    long living = ProcessHandle.current().pid();
    Files.createDirectories(folder.resolve(".checkpoint-4." + dead.pid() + "-5-6.tmp/half"));
    Files.createDirectories(folder.resolve(".checkpoint-4." + living + "-5-6.tmp/started/anew"));
    Files.createDirectories(folder.resolve("checkpoint-7"));
    Files.writeString(folder.resolve("notes.txt"), "mine");
    train(config().maxSteps(2).build());
    assertEquals(List.of("notes.txt", "checkpoint-2", "checkpoint-7"), names());
    assertEquals(folder.resolve("checkpoint-2"), SftTrainer.lastCheckpoint(folder).orElseThrow(),
        "a folder without state is no checkpoint of a run");
  }

  @Test
  void aSaveThatAnotherProcessHasUnderWayStays() throws IOException {
    String living = Checkpoints.id(ProcessHandle.current());
    Path half = Files.createDirectories(folder.resolve(".checkpoint-4." + living + "-6.tmp/half"));
    train(config().maxSteps(2).build());
    assertTrue(Files.exists(half));
  }

  @Test
  void aRunInTheSameFolderReplacesTheCheckpointOfItsStep() throws IOException {
    train(config().maxSteps(2).build());
    TrainingResult second = train(config().maxSteps(2).build());
    assertEquals(List.of("checkpoint-2"), names());
    try (CausalLm saved = CausalLm.fromPretrained(second.lastCheckpoint().orElseThrow())) {
      Map<String, float[]> weights = Arrays32.weights(saved);
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }
}
