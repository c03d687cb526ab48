package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Machine;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the trainer promises around the step: counting, logging, saving, refusing. */
class SftTrainerTest {

  private static Tokenizer tokenizer;
  private CausalLm model;

  @BeforeAll
  static void loadTokenizer() {
    tokenizer = TinyTokenizer.chat();
  }

  @AfterAll
  static void closeTokenizer() {
    tokenizer.close();
  }

  @BeforeEach
  void load() {
    model = ParityCase.of("llama-bias").model();
  }

  @AfterEach
  void close() {
    model.close();
  }

  private SftTrainer trainer(SftConfig.Builder config, int trainRows, int evalRows) {
    List<Example> rows = Rows.some(trainRows + evalRows);
    return new SftTrainer(model, tokenizer, config.build(), rows.subList(0, trainRows),
        rows.subList(trainRows, rows.size()));
  }

  @Test
  void theFirstStepOfAWarmUpMovesNothing() {
    Map<String, float[]> before = Arrays32.weights(model);
    SftConfig.Builder config = SftConfig.builder().learningRate(0.1).weightDecay(0.1).warmupRatio(1).maxSteps(1);
    TrainingResult result = trainer(config, 4, 0).train();
    assertEquals(1, result.steps());
    assertTrue(result.log().entries().get(0).gradNorm() > 0);
    Arrays32.weights(model).forEach((name, weights) -> assertArrayEquals(before.get(name), weights, name));
  }

  @Test
  void trainingLowersTheLoss() {
    TrainingResult result = trainer(SftConfig.builder().learningRate(3e-3).maxSteps(60), 8, 0).train();
    assertTrue(result.trainLoss() < 4, result.toString());
    assertTrue(Losses.mean(model, Rows.some(8), 8, Precision.F32) < 1);
  }

  @Test
  void stepsEpochsAndThePartialLastGroupAreCounted() {
    // Ten rows in batches of 2 make five batches; in groups of 2 three steps, the last of one
    // batch.
    List<TrainingListener.Step> notified = new ArrayList<>();
    SftConfig.Builder config = SftConfig.builder()
      .perDeviceTrainBatchSize(2)
      .gradientAccumulationSteps(2)
      .numTrainEpochs(2)
      .loggingSteps(1);
    TrainingListener listener = new TrainingListener() {
      @Override
      public void onStep(Step step) {
        notified.add(step);
      }
    };
    SftTrainer trainer = trainer(config, 10, 0);
    assertEquals(6, trainer.totalSteps());
    TrainingResult result = trainer.train(listener);
    assertEquals(6, result.steps());
    assertEquals(20, result.rows());
    assertEquals(2 * Rows.some(10).stream().mapToLong(Example::length).sum(), result.tokens());
    List<TrainingLog.Entry> log = result.log().entries();
    assertEquals(List.of(1, 2, 3, 4, 5, 6), log.stream().map(TrainingLog.Entry::step).toList());
    assertEquals(List.of(0.4, 0.8, 1.0, 1.4, 1.8, 2.0), log.stream().map(TrainingLog.Entry::epoch).toList());
    assertEquals(List.of(1, 2, 3, 4, 5, 6), notified.stream().map(TrainingListener.Step::step).toList());
    assertTrue(notified.stream().allMatch(progress -> progress.totalSteps() == 6));
    assertFalse(result.interrupted());
  }

  @Test
  void partsOfEpochsAndStepLimits() {
    assertEquals(5, trainer(SftConfig.builder().perDeviceTrainBatchSize(2).numTrainEpochs(0.5), 20, 0).totalSteps());
    assertEquals(7, trainer(SftConfig.builder().perDeviceTrainBatchSize(2).maxSteps(7), 4, 0).totalSteps());
    assertEquals(7, trainer(SftConfig.builder().perDeviceTrainBatchSize(2).maxSteps(7), 4, 0).train().steps());
  }

  @Test
  void theLogHasOneRowAStepAndEvaluatesAtEachEpochsEnd() {
    SftConfig.Builder config = SftConfig.builder().perDeviceTrainBatchSize(2).numTrainEpochs(2).loggingSteps(2);
    List<TrainingLog.Entry> log = trainer(config, 4, 3).train().log().entries();
    assertEquals(List.of(0, 2, 4), log.stream().map(TrainingLog.Entry::step).toList());
    assertTrue(log.stream().noneMatch(entry -> Double.isNaN(entry.evalLoss())));
    assertEquals(List.of(true, false, false), log.stream().map(entry -> Double.isNaN(entry.loss())).toList());
  }

  @Test
  void evaluationEverySoManySteps() {
    SftConfig.Builder config = SftConfig.builder()
      .perDeviceTrainBatchSize(2)
      .maxSteps(5)
      .loggingSteps(100)
      .evalSteps(2);
    TrainingResult result = trainer(config, 4, 3).train();
    List<TrainingLog.Entry> log = result.log().entries();
    assertEquals(List.of(0, 2, 4, 5), log.stream().map(TrainingLog.Entry::step).toList());
    assertEquals(log.get(3).evalLoss(), result.evalLoss());
    assertEquals(Losses.mean(model, Rows.some(7).subList(4, 7), 1, Precision.F32), result.evalLoss(), 1e-6);
  }

  @Test
  void withoutHeldOutRowsNothingIsEvaluated() {
    SftConfig.Builder config = SftConfig.builder().maxSteps(3).loggingSteps(3).evalSteps(1);
    TrainingResult result = trainer(config, 4, 0).train();
    assertEquals(List.of(3), result.log().entries().stream().map(TrainingLog.Entry::step).toList());
    assertTrue(Double.isNaN(result.evalLoss()));
  }

  /** All 262,144 tokens at once took 700 MB, with a model of 32 dimensions. */
  @Test
  void anEvaluationHoldsFewTokensAtOnceWhateverItsBatchSize() {
    List<Example> rows = IntStream.range(0, 512).mapToObj(i -> Rows.of(512, i)).toList();
    double few = Losses.mean(model, rows, 2, Precision.F32);
    OptionalLong before = Machine.restartPeak();
    assumeTrue(before.isPresent(), "the peak of memory is read on Linux only");
    assertEquals(few, Losses.mean(model, rows, 512, Precision.F32), 1e-6);
    long grown = Machine.peakResidentBytes().getAsLong() - before.getAsLong();
    assertTrue(grown < 100 << 20, "grown by " + (grown >> 20) + " MB");
  }

  @Test
  void theMeanOfUnequalBatchesIsTheMeanOfTheTokens() {
    List<Example> rows = Rows.some(7);
    double sum = 0;
    long kept = 0;
    for (Example row : rows) {
      sum += Losses.mean(model, List.of(row), 1, Precision.F32) * row.keptTokens();
      kept += row.keptTokens();
    }
    assertEquals(sum / kept, Losses.mean(model, rows, 3, Precision.F32), 1e-6);
  }

  @Test
  void eachEpochLeavesACheckpointThatLoads(@TempDir Path folder) throws IOException {
    List<Path> saved = new ArrayList<>();
    TrainingListener listener = new TrainingListener() {
      @Override
      public void onSave(Path checkpoint) {
        saved.add(checkpoint);
      }
    };
    SftConfig.Builder config = SftConfig.builder()
      .perDeviceTrainBatchSize(2)
      .numTrainEpochs(2)
      .outputDir(folder)
      .learningRate(1e-3);
    model.resizeTokenEmbeddings(tokenizer);
    trainer(config, 4, 0).train(listener);
    assertEquals(List.of(folder.resolve("checkpoint-2"), folder.resolve("checkpoint-4")), saved);
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count(), "nothing but the checkpoints");
    }
    try (CausalLm last = CausalLm.fromPretrained(saved.get(1));
        Tokenizer words = Tokenizer.fromPretrained(saved.get(1))) {
      Map<String, float[]> weights = Arrays32.weights(last);
      Arrays32.weights(model).forEach((name, values) -> assertArrayEquals(values, weights.get(name), name));
      assertArrayEquals(tokenizer.encode("Hello!").ids(), words.encode("Hello!").ids());
      assertEquals(TinyTokenizer.CHATML, words.chatTemplate().source());
    }
  }

  @Test
  void rowsThatCannotBeLearntAreNamed() {
    Example silent = new Example(new int[] {5, 6, 7}, new boolean[] {true, false, false});
    assertRefused("Training row 2 has no token that carries loss", List.of(Rows.of(5, 1), silent), List.of());
    assertRefused("Evaluation row 1 has no token that carries loss", List.of(Rows.of(5, 1)), List.of(silent));
    assertRefused("Training row 1 has 30 tokens, more than maxLength 20", List.of(Rows.of(30, 1)), List.of());
    Example rowless = new Example(new int[] {5, 100_000}, new boolean[] {false, true});
    assertRefused("The id 100000 is not in the vocabulary", List.of(rowless), List.of());
    assertRefused("no row to train on", List.of(), List.of());
  }

  private void assertRefused(String part, List<Example> train, List<Example> eval) {
    SftConfig config = SftConfig.builder().maxLength(20).build();
    String message = assertThrows(IllegalArgumentException.class,
        () -> new SftTrainer(model, tokenizer, config, train, eval))
      .getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    for (String name : List.of("learningRate", "warmupRatio", "maxGradNorm", "adamBeta2")) {
      String message = assertThrows(IllegalArgumentException.class, () -> wrong(name).build()).getMessage();
      assertTrue(message.startsWith(name) && message.contains("-1"), message);
    }
  }

  private static SftConfig.Builder wrong(String name) {
    SftConfig.Builder builder = SftConfig.builder();
    return switch (name) {
    case "learningRate" -> builder.learningRate(-1);
    case "warmupRatio" -> builder.warmupRatio(-1);
    case "maxGradNorm" -> builder.maxGradNorm(-1);
    default -> builder.adamBeta2(-1);
    };
  }

  @Test
  void aLossThatIsNoNumberStopsWithItsStep() {
    SftConfig.Builder config = SftConfig.builder().learningRate(1e18).maxGradNorm(0).maxSteps(20);
    String message = assertThrows(IllegalStateException.class, () -> trainer(config, 4, 0).train()).getMessage();
    assertTrue(message.matches("The loss of step \\d+ is .*lower learning rate.*"), message);
  }

  /** Three rows' length holds several examples: they stay apart, so nothing else changes. */
  @Test
  void packedExamplesLearnTheSame() {
    List<Example> rows = Rows.some(8);
    int longest = rows.stream().mapToInt(Example::length).max().orElseThrow();
    SftConfig.Builder config = SftConfig.builder()
      .learningRate(1e-3)
      .maxSteps(3)
      .perDeviceTrainBatchSize(8)
      .maxLength(3 * longest)
      .loggingSteps(1);
    try (Tokenizer tokenizer = TinyTokenizer.chat();
        CausalLm plain = ParityCase.of("llama-tied").model();
        CausalLm packed = ParityCase.of("llama-tied").model()) {
      TrainingResult one = new SftTrainer(plain, tokenizer, config.build(), rows, List.of()).train();
      TrainingResult other = new SftTrainer(packed, tokenizer, config.packing(true).build(), rows, List.of()).train();
      for (int step = 0; step < 3; step++) {
        assertEquals(one.log().entries().get(step).loss(), other.log().entries().get(step).loss(), 1e-5);
      }
      assertTrue(other.steps() == 3 && one.rows() == other.rows());
    }
  }
}
