package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.coldstart.data.DataRow;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generation;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reinforcement finds the better arm, says when there is nothing to learn, and is a run like any other. */
class GrpoTrainerTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();

  /** Of two arms, odd tokens and even ones, the odd ones pay. */
  private static final Reward ODD = Reward.of("odd", (row, reply) -> reply.ids()[0] % 2);

  @TempDir
  Path folder;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  private static CausalLm model() {
    CausalLm model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(TOKENIZER);
    return model;
  }

  private static List<Prompt> prompts(int count, int length) {
    return IntStream.range(0, count)
      .mapToObj(i -> new Prompt(IntStream.range(0, length).map(t -> 10 + 7 * i + t).toArray(),
          new DataRow(i + 1, Map.of("answer", "A"))))
      .toList();
  }

  private static GrpoConfig.Builder config() {
    return GrpoConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(8)
      .numGenerations(4)
      .maxCompletionLength(3)
      .loggingSteps(1);
  }

  private static GrpoTrainer trainer(CausalLm model, GrpoConfig config, Reward... rewards) {
    return new GrpoTrainer(model, TOKENIZER, config, prompts(5, 6), List.of(rewards));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void theBetterArmIsReached(int numIterations) {
    GrpoConfig config = config().learningRate(5e-3)
      .numIterations(numIterations)
      .lrSchedulerType(LearningRateSchedule.CONSTANT)
      .numGenerations(16)
      .perDeviceTrainBatchSize(32)
      .maxCompletionLength(1)
      .maxSteps(120)
      .build();
    try (CausalLm model = model()) {
      List<TrainingLog.Entry> log = trainer(model, config, ODD).train().log().entries();
      double first = log.get(0).metrics().get("reward");
      double last = log.subList(log.size() - 4, log.size())
        .stream()
        .mapToDouble(entry -> entry.metrics().get("reward"))
        .average()
        .orElseThrow();
      assertTrue(first < 0.7, "both arms at first: " + first);
      assertTrue(last > 0.95, "the better arm at last: " + last);
    }
  }

  /** Step 5 is the first of two on the same replies; the second needs what the checkpoint holds of them. */
  @ParameterizedTest
  @ValueSource(strings = {"all weights", "adapter and reference"})
  void resumedToTheBit(String trained) {
    boolean adapter = trained.startsWith("adapter");
    GrpoConfig.Builder common = config().numIterations(2).numTrainEpochs(2).beta(adapter ? 0.05 : 0);
    GrpoConfig unsaved = common.build();
    GrpoConfig config = common.saveStrategy(SaveStrategy.NO).outputDir(folder).build();
    Reward[] rewards = {ODD, Reward.of("long", (row, reply) -> reply.ids().length).withWeight(0.1)};
    try (CausalLm alone = model(); CausalLm first = model(); CausalLm other = model()) {
      if (adapter) {
        List.of(alone, first, other).forEach(model -> Lora.attach(model, LoraConfig.builder().r(4).build()));
      }
      TrainingResult whole = trainer(alone, unsaved, rewards).train();
      assertEquals(12, whole.steps());
      assertTrue(trainer(first, config, rewards).train(DpoTrainerTest.interruptAfter(5)).interrupted());
      TrainingResult resumed = trainer(other, config, rewards).resume();
      assertEquals(log(whole), log(resumed));
      Map<String, float[]> weights = Arrays32.weights(other);
      Arrays32.weights(alone).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  /** Once before replies are drawn, once while they are judged: both steps are taken anew, and the same. */
  @Test
  void interruptedInTheMiddleOfAStep() {
    GrpoConfig config = config().numIterations(2).maxSteps(4).build();
    AtomicBoolean interrupts = new AtomicBoolean(true);
    Reward reward = Reward.of("odd", (row, reply) -> {
      if (interrupts.getAndSet(false)) {
        Thread.currentThread().interrupt();
      }
      return reply.ids()[0] % 2;
    });
    try (CausalLm whole = model(); CausalLm other = model()) {
      TrainingResult one = trainer(whole, config, ODD).train();
      GrpoTrainer trainer = trainer(other, config, ODD);
      TrainingResult none = trainer.train(new TrainingListener() {
        @Override
        public void onLog(TrainingLog.Entry entry) {
          if (entry.step() == 2) {
            Thread.currentThread().interrupt();
          }
        }
      });
      assertEquals(2, none.steps());
      assertEquals(log(one), log(trainer.resume()));
      try (CausalLm third = model()) {
        GrpoTrainer judged = trainer(third, config, reward);
        TrainingResult nothing = judged.train();
        assertTrue(nothing.interrupted());
        assertEquals(0, nothing.steps());
        assertEquals(log(one), log(judged.resume()));
      }
    }
  }

  private static List<List<Object>> log(TrainingResult result) {
    return result.log()
      .entries()
      .stream()
      .map(e -> List.<Object>of(e.loss(), e.gradNorm(), e.entropy(), e.metrics()))
      .toList();
  }

  @Test
  void whereAllRewardsAreEqualTheWeightsStayAndTheLogSaysSo() {
    try (CausalLm model = model()) {
      Map<String, float[]> before = Arrays32.weights(model);
      Reward same = Reward.of("same", (row, reply) -> 0.1);
      GrpoTrainer trainer = trainer(model, config().maxSteps(3).weightDecay(0.1).build(), same);
      TrainingLog log = trainer.train().log();
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(before.get(name), w, name));
      log.entries().forEach(entry -> {
        assertEquals(1, entry.metrics().get("steps_without_update"));
        assertEquals(1, entry.metrics().get("frac_reward_zero_std"));
        assertEquals(0, entry.loss());
        assertEquals(0.1, entry.metrics().get("reward"), 1e-12);
      });
      trainer.completions().forEach(reply -> assertEquals(0, reply.advantage()));
    }
  }

  /** A step that is skipped moves nothing, not even by the momentum of those before, and does not count for Adam. */
  @Test
  void afterAStepWithoutUpdateARunResumesToTheBit() {
    GrpoConfig config = config().maxSteps(6).saveStrategy(SaveStrategy.STEPS).saveSteps(4).outputDir(folder).build();
    try (CausalLm whole = model(); CausalLm other = model()) {
      TrainingResult one = trainer(whole, config, sometimes()).train();
      List<Double> skipped = one.log().entries().stream().map(e -> e.metrics().get("steps_without_update")).toList();
      assertTrue(skipped.subList(0, 4).contains(1.0) && skipped.contains(0.0), skipped::toString);
      trainer(other, config, sometimes()).resume(folder.resolve("checkpoint-4"));
      Map<String, float[]> weights = Arrays32.weights(other);
      Arrays32.weights(whole).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  /** Pays for prompts 1 to 3 only, so that a step with the others has nothing to learn. */
  private static Reward sometimes() {
    return Reward.of("sometimes", (row, reply) -> row.number() <= 3 ? reply.ids()[0] % 2 : 0);
  }

  @Test
  void aRewardThatFailsNamesItsReplyAndTheRunGoesOn() {
    AtomicBoolean broken = new AtomicBoolean(true);
    try (CausalLm model = model()) {
      GrpoTrainer trainer = trainer(model, config().maxSteps(2).build(), Reward.of("odd", (row, reply) -> {
        if (broken.get() && row.number() == 4) {
          throw new IllegalStateException("no answer");
        }
        return reply.ids()[0] % 2;
      }));
      TrainingException error = assertThrows(TrainingException.class, trainer::train);
      String message = error.getMessage();
      assertTrue(message.contains("The reward \"odd\" of reply 1 to prompt 4 failed: "), message);
      assertTrue(message.contains("no answer") && message.contains("resume() goes on"), message);
      assertTrue(error.canResume());
      broken.set(false);
      assertEquals(2, trainer.resume().steps());
    }
  }

  @Test
  void aRewardThatIsNoNumberNamesItsReply() {
    try (CausalLm model = model()) {
      GrpoTrainer trainer = trainer(model, config().maxSteps(1).build(),
          Reward.of("mean", (row, reply) -> row.number() == 2 ? 0.0 / 0 : 0), ODD);
      String message = assertThrows(TrainingException.class, trainer::train).getMessage();
      assertTrue(message.contains("The reward \"mean\" of reply 1 to prompt 2 is NaN"), message);
    }
  }

  @Test
  void repliesCutAtTheLimitAreCountedAndMaskedIfAsked() {
    GrpoConfig.Builder config = config().maxSteps(1);
    try (CausalLm model = model(); CausalLm masked = model()) {
      GrpoTrainer trainer = trainer(model, config.build(), ODD);
      TrainingLog.Entry entry = trainer.train().log().entries().get(0);
      double cut = trainer.completions().stream().filter(Completion::truncated).count() / 8.0;
      assertEquals(cut, entry.metrics().get("completions/clipped_ratio"));
      assertTrue(cut > 0.5, "a random model seldom ends: " + cut);
      GrpoTrainer other = trainer(masked, config.maskTruncatedCompletions(true).build(), ODD);
      TrainingLog.Entry without = other.train().log().entries().get(0);
      assertEquals(cut, without.metrics().get("completions/clipped_ratio"));
      other.completions().forEach(it -> assertEquals(it.truncated() ? 0 : it.length(), it.example().keptTokens()));
      boolean all = without.metrics().get("steps_without_update") == 1;
      assertTrue(cut == 1 ? all : without.gradNorm() != entry.gradNorm());
    }
  }

  /** A group's prompt is read once in training, too. */
  @Test
  void groupsOfLongPromptsAreTrainedApart() {
    try (CausalLm model = model()) {
      GrpoConfig config = config().build();
      for (int length : new int[] {6, 40}) {
        GrpoObjective objective = new GrpoObjective(model, null, TOKENIZER, config, prompts(2, length), List.of(ODD));
        StepBatch batch = objective.weigh(objective.steps(0).get(0), new TrainerState(), null);
        assertEquals(8, batch.examples().size());
        assertEquals(length == 40 ? 2 : 1, batch.parts().size());
      }
    }
  }

  @Test
  void whatCannotBeTrainedOnIsRefused() {
    try (CausalLm model = model(); CausalLm other = ParityCase.of("llama-tied").model()) {
      GrpoConfig config = config().build();
      List<Prompt> empty = List.of(prompts(1, 6).get(0), new Prompt(new int[0], null));
      assertRefused("Prompt 2 has 0 tokens", () -> new GrpoTrainer(model, TOKENIZER, config, empty, List.of(ODD)));
      assertRefused("Prompt 1 has 5000 tokens",
          () -> new GrpoTrainer(model, TOKENIZER, config, prompts(1, 5000), List.of(ODD)));
      assertRefused("no row to train on", () -> new GrpoTrainer(model, TOKENIZER, config, List.of(), List.of(ODD)));
      assertRefused("at least one reward", () -> trainer(model, config));
      assertRefused("no two of the same name", () -> trainer(model, config, ODD, ODD));
      assertRefused("give the model before training", () -> trainer(model, config().beta(0.1).build(), ODD));
      assertRefused("The reference has a vocabulary of 99 tokens",
          () -> new GrpoTrainer(model, other, TOKENIZER, config, prompts(1, 6), List.of(ODD)));
      assertRefused("no whole groups of 3", () -> config().numGenerations(3).build());
      assertRefused("numGenerations must be at least 2", () -> config().numGenerations(1).build());
      assertRefused("no evaluation rows", () -> trainer(model, config().earlyStoppingPatience(1).build(), ODD));
    }
  }

  private static void assertRefused(String sentence, Runnable attempt) {
    String message = assertThrows(IllegalArgumentException.class, attempt::run).getMessage();
    assertTrue(message.contains(sentence), message);
  }

  @Test
  void theReadyRewards() {
    DataRow row = new DataRow(1, Map.of("answer", "42"));
    assertEquals(1, Reward.exact("answer").function().reward(row, reply(" 42\n", 3)));
    assertEquals(0, Reward.exact("answer").function().reward(row, reply("It is 42", 3)));
    Reward tagged = Reward.exact("answer", "<answer>(.*?)</answer>");
    assertEquals(1, tagged.function().reward(row, reply("so <answer> 42 </answer>.", 3)));
    assertEquals(0, tagged.function().reward(row, reply("42", 3)));
    assertEquals(1, Reward.form("a.*z").function().reward(row, reply("a to z\n", 3)));
    assertEquals(0, Reward.form("a.*z").function().reward(row, reply("from a to z", 3)));
    RewardFunction length = Reward.length(10, 4).function();
    double[] found = IntStream.of(2, 6, 8, 10, 12).mapToDouble(n -> length.reward(row, reply("", n))).toArray();
    assertArrayEquals(new double[] {0, 0, -0.5, -1, -1}, found);
    assertEquals(-1, length.reward(row, new Generation(new int[2], "", Generation.Stop.LENGTH)));
    assertEquals(0.5, Reward.form("x").withWeight(0.5).weight());
    assertFalse(Arrays.asList("form", "exact").contains(ODD.name()));
  }

  private static Generation reply(String text, int tokens) {
    return new Generation(new int[tokens], text, Generation.Stop.END_TOKEN);
  }
}
