package org.coldstart.train;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.model.Trainable;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that was left and taken up again is, to the bit, the run that was left alone. */
class ResumeTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();

  @TempDir
  Path folder;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  record Recipe(String name, UnaryOperator<SftConfig.Builder> change) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Recipe> recipes() {
    return Stream.of(new Recipe("plain", config -> config),
        new Recipe("accumulation", config -> config.gradientAccumulationSteps(2)),
        new Recipe("8-bit", config -> config.optim(OptimizerName.ADAMW_8BIT)),
        new Recipe("noise", config -> config.neftuneNoiseAlpha(5)),
        new Recipe("by length, cosine",
            config -> config.groupByLength(true).lrSchedulerType(LearningRateSchedule.COSINE)),
        new Recipe("odd logging and evaluation", config -> config.loggingSteps(3).evalSteps(4)),
        new Recipe("gradient checkpointing", config -> config.gradientCheckpointing(true)),
        new Recipe("bf16", config -> config.precision(Precision.BF16)));
  }

  /** Three epochs of four steps; step 6 is in the middle of the second. */
  private SftConfig.Builder config() {
    return SftConfig.builder()
      .learningRate(1e-3)
      .weightDecay(0.1)
      .warmupSteps(2)
      .perDeviceTrainBatchSize(3)
      .numTrainEpochs(3)
      .loggingSteps(1)
      .saveStrategy(SaveStrategy.STEPS)
      .saveSteps(2)
      .outputDir(folder);
  }

  /** Large enough an embedding that the 8-bit optimizer quantises it. */
  private static CausalLm model() {
    CausalLm model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(TOKENIZER);
    return model;
  }

  private static SftTrainer trainer(CausalLm model, SftConfig config) {
    // Their common prefix is run forward once a step, but under noise or dropout.
    List<Example> rows = Rows.behindOnePrefix(Rows.some(13));
    return new SftTrainer(model, TOKENIZER, config, rows.subList(0, 11), rows.subList(11, 13));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void fromACheckpoint(Recipe recipe) {
    SftConfig config = recipe.change().apply(config()).build();
    try (CausalLm whole = model(); CausalLm other = model()) {
      TrainingResult one = trainer(whole, config).train();
      int middle = recipe.name().equals("accumulation") ? 4 : 6;
      TrainingResult two = trainer(other, config).resume(folder.resolve("checkpoint-" + middle));
      assertSame(one, two, whole, other);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void afterAnInterruptInMemory(Recipe recipe) {
    SftConfig config = recipe.change().apply(config()).outputDir(null).build();
    try (CausalLm whole = model(); CausalLm other = model()) {
      TrainingResult one = trainer(whole, config).train();
      SftTrainer trainer = trainer(other, config);
      TrainingResult part = trainer.train(interruptAfter(3));
      assertTrue(part.interrupted());
      assertEquals(3, part.steps());
      assertSame(one, trainer.resume(), whole, other);
      assertThrows(IllegalStateException.class, trainer::resume, "it is over");
    }
  }

  /** What trains something else than the model's own matrices, whose values a checkpoint holds. */
  static Stream<Arguments> partly() {
    Consumer<CausalLm> rows = model -> model.setTrainable(Trainable.tokenRows(5, 9, 40));
    Consumer<CausalLm> adapter = model -> Lora.attach(model,
        LoraConfig.builder()
          .r(4)
          .loraDropout(0.1)
          .trainableTokenIndices(5, 9, 40)
          .targetModules("q_proj", "down_proj")
          .build());
    return Stream.of("llama-tied", "llama-untied")
      .flatMap(base -> Stream.of(Precision.F32, Precision.BF16)
        .flatMap(precision -> Stream.of(Arguments.of(base, precision, "rows", rows),
            Arguments.of(base, precision, "adapter and rows", adapter))));
  }

  @ParameterizedTest
  @MethodSource("partly")
  void savedOrNotAndResumed(String base, Precision precision, String what, Consumer<CausalLm> choice) {
    SftConfig config = config().precision(precision).build();
    SftConfig unsaved = config().precision(precision).outputDir(null).build();
    try (CausalLm alone = partly(base, choice);
        CausalLm whole = partly(base, choice);
        CausalLm other = partly(base, choice)) {
      TrainingResult quiet = trainer(alone, unsaved).train();
      TrainingResult one = trainer(whole, config).train();
      assertSame(quiet, one, alone, whole);
      TrainingResult two = trainer(other, config).resume(folder.resolve("checkpoint-6"));
      assertSame(one, two, whole, other);
    }
  }

  private static CausalLm partly(String base, Consumer<CausalLm> choice) {
    CausalLm model = ParityCase.of(base).model();
    model.resizeTokenEmbeddings(TOKENIZER);
    choice.accept(model);
    return model;
  }

  @Test
  void anotherAdapterIsAnotherRun() {
    try (CausalLm model = model(); CausalLm other = model()) {
      Lora.attach(model, LoraConfig.builder().r(4).loraAlpha(8).build());
      Lora.attach(other, LoraConfig.builder().r(4).loraAlpha(16).build());
      trainer(model, config().maxSteps(2).build()).train();
      String message = refusal(trainer(other, config().maxSteps(2).build()));
      assertTrue(message.contains("adapter was LoraConfig[r=4, loraAlpha=8.0"), message);
    }
  }

  @ParameterizedTest
  @MethodSource("partly")
  void whatIsTrainedOnAnotherModelIsAnotherRun(String base, Precision precision, String what,
      Consumer<CausalLm> choice) {
    SftConfig config = config().precision(precision).maxSteps(2).build();
    try (CausalLm model = partly(base, choice); CausalLm other = partly(base, choice)) {
      trainer(model, config).train();
      try (NDArray weights = other.parameters().get("model.layers.1.mlp.up_proj.weight").get(3)) {
        weights.muli(1.001); // one row of it
      }
      String message = refusal(trainer(other, config));
      assertTrue(message.contains("weights under what is trained were others"), message);
    }
  }

  @Test
  void roundingIsNotHeldAgainstARun() {
    SftConfig config = config().maxSteps(4).build();
    LoraConfig adapter = LoraConfig.builder().r(4).targetModules("all-linear").build();
    try (CausalLm model = model(); CausalLm other = model()) {
      Lora lora = Lora.attach(model, adapter);
      trainer(model, config).train();
      lora.mergeAdapter();
      lora.unmergeAdapter();
      assertEquals(4, trainer(model, config).resume(folder.resolve("checkpoint-2")).steps());
      Lora.attach(other, adapter);
      other.parameters().get("model.norm.weight").muli(1.01);
      refusal(trainer(other, config));
    }
  }

  /** Another run has come further in the same folder; what it saved is not in the way. */
  @Test
  void theNewestCheckpointOfThisRunCounts() {
    SftConfig config = config().seed(7).build();
    try (CausalLm another = model(); CausalLm whole = model(); CausalLm first = model(); CausalLm other = model()) {
      trainer(another, config().maxSteps(8).build()).train();
      TrainingResult one = trainer(whole, config().seed(7).outputDir(null).build()).train();
      trainer(first, config).train(interruptAfter(4));
      assertEquals(folder.resolve("checkpoint-8"), SftTrainer.lastCheckpoint(folder).get());
      assertSame(one, trainer(other, config).resume(), whole, other);
    }
  }

  @Test
  void ofARunBegunTwiceTheSecondGoesOn() {
    try (CausalLm model = model(); CausalLm other = model()) {
      trainer(model, config().build()).train();
      trainer(model, config().build()).train(interruptAfter(4));
      Recorder recorder = new Recorder();
      trainer(other, config().build()).resume(recorder);
      assertEquals("on 4, 5 rows", recorder.events.get(0));
    }
  }

  @Test
  void aRunDeletesNoCheckpointOfAnother() {
    try (CausalLm model = model(); CausalLm another = model()) {
      trainer(model, config().maxSteps(8).build()).train();
      SftConfig few = config().seed(7).saveTotalLimit(1).build();
      trainer(another, few).train(interruptAfter(4));
      SftConfig config = config().maxSteps(8).saveTotalLimit(1).build();
      TrainingResult result = trainer(model, config).resume(folder.resolve("checkpoint-6"));
      assertEquals(folder.resolve("checkpoint-8"), result.lastCheckpoint().orElseThrow());
      assertFalse(Files.exists(folder.resolve("checkpoint-6")));
      assertTrue(Files.exists(folder.resolve("checkpoint-4")), "of the other run");
    }
  }

  /** Both wrote a checkpoint-4; the one that is there is the other's, and nothing for the first. */
  @Test
  void aRunInMemoryTakesNoCheckpointOfAnotherForItsOwn() {
    SftConfig.Builder common = config().evalSteps(2).saveTotalLimit(1);
    try (CausalLm model = model(); CausalLm another = model()) {
      SftTrainer first = trainer(model, common.loadBestModelAtEnd(true).build());
      first.train(interruptAfter(4));
      trainer(another, common.seed(7).loadBestModelAtEnd(false).build()).train(interruptAfter(4));
      TrainingResult result = first.resume();
      assertTrue(Files.exists(folder.resolve("checkpoint-4")), "of the other run");
      assertFalse(result.bestCheckpoint().equals(Optional.of(folder.resolve("checkpoint-4"))));
    }
  }

  @Test
  void whatOnlyLooksLikeACheckpointIsPassedOver() throws IOException {
    Files.createDirectories(folder.resolve("checkpoint-20240115123000"));
    try (CausalLm model = model()) {
      assertThrows(IllegalStateException.class, trainer(model, config().build())::resume);
    }
  }

  @Test
  void aCheckpointThatCannotBeReadIsReported() throws IOException {
    try (CausalLm model = model(); Warnings warnings = new Warnings()) {
      SftTrainer trainer = trainer(model, config().maxSteps(4).build());
      trainer.train();
      Files.writeString(folder.resolve("checkpoint-4/trainer_state.json"), "{");
      assertEquals(4, trainer.resume().steps(), "from checkpoint-2");
      warnings.assertOne("checkpoint-4 is passed over", "trainer_state.json is damaged");
    }
  }

  @Test
  void aRunThatStoppedEarlyGoesOnWithMorePatience() {
    SftConfig.Builder hopeless = config().learningRate(1e-30).evalSteps(1);
    try (CausalLm model = model(); CausalLm other = model()) {
      TrainingResult early = trainer(model, hopeless.earlyStoppingPatience(2).build()).train();
      assertTrue(early.stoppedEarly());
      Path last = early.lastCheckpoint().orElseThrow();
      SftTrainer patient = trainer(other, hopeless.earlyStoppingPatience(0).build());
      assertEquals(patient.totalSteps(), patient.resume(last).steps());
    }
  }

  @Test
  void afterAnInterruptFromWhatItSaved() throws IOException {
    SftConfig config = config().saveStrategy(SaveStrategy.NO).build();
    try (CausalLm whole = model(); CausalLm first = model(); CausalLm other = model()) {
      TrainingResult one = trainer(whole, config).train();
      TrainingResult part = trainer(first, config).train(interruptAfter(5));
      assertEquals(folder.resolve("checkpoint-5"), part.lastCheckpoint().orElseThrow());
      JsonObject state = Json.parse(Files.readString(folder.resolve("checkpoint-5/trainer_state.json")))
        .getAsJsonObject();
      double training = state.get("training_seconds").getAsDouble();
      assertTrue(state.get("seconds").getAsDouble() >= training, "the time so far is saved, too");
      assertSame(one, trainer(other, config).resume(), whole, other);
    }
  }

  private static TrainingListener interruptAfter(int step) {
    return new TrainingListener() {
      @Override
      public void onStep(Step now) {
        if (now.step() == step) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private static void assertSame(TrainingResult one, TrainingResult two, CausalLm whole, CausalLm other) {
    assertFalse(two.interrupted());
    assertEquals(one.steps(), two.steps());
    assertEquals(one.rows(), two.rows());
    assertEquals(one.tokens(), two.tokens());
    assertEquals(one.trainLoss(), two.trainLoss());
    assertEquals(losses(one), losses(two));
    Map<String, float[]> weights = Arrays32.weights(other);
    Arrays32.weights(whole).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    Map<String, NDArray> trained = other.trainableParameters();
    whole.trainableParameters()
      .forEach((name, w) -> assertArrayEquals(w.toFloatArray(), trained.get(name).toFloatArray(), name));
  }

  private static List<List<Number>> losses(TrainingResult result) {
    return result.log()
      .entries()
      .stream()
      .map(e -> List.<Number>of(e.step(), e.loss(), e.evalLoss(), e.gradNorm(), e.entropy()))
      .toList();
  }

  /** Listeners of a resumed run know what went before, so that a chart goes on. */
  @Test
  void listenersAreNotifiedWhereTheRunGoesOn() {
    SftConfig config = config().saveStrategy(SaveStrategy.NO).evalSteps(2).build();
    try (CausalLm model = model(); CausalLm other = model()) {
      SftTrainer trainer = trainer(model, config);
      Recorder first = new Recorder();
      trainer.train(interruptAfter(4), first);
      assertEquals(List.of("log 0", "log 1", "log 2", "log 3", "log 4", "end 4 true"), first.events);
      Recorder second = new Recorder();
      trainer.resume(interruptAfter(6), second);
      assertEquals(List.of("on 4, 5 rows", "log 5", "log 6", "end 6 true"), second.events);
      Recorder third = new Recorder();
      trainer(other, config).resume(folder.resolve("checkpoint-6"), third);
      assertEquals("on 6, 7 rows", third.events.get(0));
      assertEquals("log 7", third.events.get(1));
      assertEquals("end 12 false", third.events.get(third.events.size() - 1));
    }
  }

  private static final class Recorder implements TrainingListener {
    final List<String> events = new ArrayList<>();

    @Override
    public void onResume(Step reached, TrainingLog log) {
      events.add("on " + reached.step() + ", " + log.entries().size() + " rows");
    }

    @Override
    public void onLog(TrainingLog.Entry entry) {
      events.add("log " + entry.step());
    }

    @Override
    public void onEnd(TrainingResult result) {
      events.add("end " + result.steps() + " " + result.interrupted());
    }
  }

  @Test
  void theSameSeedGivesTheSameRunAndAnotherSeedAnother() {
    SftConfig.Builder config = config().outputDir(null).neftuneNoiseAlpha(5);
    try (CausalLm one = model(); CausalLm two = model(); CausalLm three = model()) {
      TrainingResult first = trainer(one, config.build()).train();
      assertSame(first, trainer(two, config.build()).train(), one, two);
      TrainingResult other = trainer(three, config.seed(7).build()).train();
      assertFalse(losses(first).equals(losses(other)));
    }
  }

  @Test
  void anotherRunsCheckpointIsRefusedByWhatDiffers() {
    try (CausalLm model = model()) {
      trainer(model, config().maxSteps(2).build()).train();
      SftConfig.Builder changed = config().maxSteps(2).learningRate(2e-3).seed(1);
      String settings = refusal(trainer(model, changed.build()));
      assertTrue(settings.contains("learningRate was 0.001 and is 0.002"), settings);
      assertTrue(settings.contains("seed was 42 and is 1"), settings);
      assertFalse(settings.contains("weightDecay"), settings);
      SftConfig same = config().maxSteps(2).build();
      List<Example> fewer = Rows.some(10);
      String data = refusal(new SftTrainer(model, TOKENIZER, same, fewer, List.of()));
      assertTrue(data.contains("training data was 11 rows"), data);
      assertTrue(data.contains("and is 10 rows"), data);
      try (CausalLm larger = ParityCase.of("llama-tied").model()) {
        larger.resizeTokenEmbeddings(TOKENIZER.size() + 8);
        String shape = refusal(trainer(larger, same));
        assertTrue(shape.contains("trained parameters was"), shape);
      }
    }
  }

  private String refusal(SftTrainer trainer) {
    return assertThrows(IllegalArgumentException.class, trainer::resume).getMessage();
  }

  @Test
  void whatOnlyWatchesMayChange() {
    try (CausalLm model = model()) {
      trainer(model, config().maxSteps(4).build()).train();
      SftConfig other = config().maxSteps(4).loggingSteps(2).saveTotalLimit(1).build();
      assertEquals(4, trainer(model, other).resume(folder.resolve("checkpoint-2")).steps());
    }
  }

  @Test
  void whatIsNoCheckpointOfARunIsNamed() throws IOException {
    try (CausalLm model = model()) {
      SftTrainer trainer = trainer(model, config().maxSteps(2).build());
      String nothing = assertThrows(IllegalStateException.class, trainer::resume).getMessage();
      assertTrue(nothing.contains("nothing to resume"), nothing);
      trainer.train();
      Path checkpoint = folder.resolve("checkpoint-2");
      Path optimizer = checkpoint.resolve("optimizer.safetensors");
      byte[] bytes = Files.readAllBytes(optimizer);
      Files.write(optimizer, java.util.Arrays.copyOf(bytes, bytes.length / 2));
      assertDamaged(trainer, checkpoint, "optimizer.safetensors");
      byte[] endless = ByteBuffer.allocate(16).order(LITTLE_ENDIAN).putLong(Integer.MAX_VALUE).array();
      Files.write(optimizer, endless);
      assertDamaged(trainer, checkpoint, "optimizer.safetensors");
      Files.writeString(checkpoint.resolve("trainer_state.json"), "{\"global_step\": 2}");
      assertDamaged(trainer, checkpoint, "trainer_state.json is damaged");
      Files.delete(checkpoint.resolve("trainer_state.json"));
      assertDamaged(trainer, checkpoint, "trainer_state.json does not exist");
    }
  }

  private static void assertDamaged(SftTrainer trainer, Path checkpoint, String part) {
    String message = assertThrows(CheckpointException.class, () -> trainer.resume(checkpoint)).getMessage();
    assertTrue(message.contains(part), message);
  }
}
