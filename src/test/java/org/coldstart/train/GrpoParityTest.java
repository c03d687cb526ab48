package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.DataRow;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Replies that are given weigh what they weigh for TRL's GRPOTrainer. */
class GrpoParityTest {

  private static final ParityCase FIXTURE = DpoParityTest.FIXTURE;
  private static final int END = 2;
  private static final Tokenizer TOKENIZER = TinyTokenizer.endingWith2();

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @ParameterizedTest
  @EnumSource(ScaleRewards.class)
  void advantages(ScaleRewards scale) {
    double[] expected = ParityCase.doubles(FIXTURE.section("advantages").get(scale.name().toLowerCase()));
    assertArrayEquals(expected, scale.advantages(sums(), 4), 1e-6);
  }

  private static double[] sums() {
    double[] weights = ParityCase.doubles(FIXTURE.truth().get("reward_weights"));
    return Stream.of(rewards())
      .mapToDouble(each -> IntStream.range(0, 2).mapToDouble(k -> weights[k] * each[k]).sum())
      .toArray();
  }

  private static double[][] rewards() {
    return FIXTURE.truth()
      .getAsJsonArray("rewards")
      .asList()
      .stream()
      .map(ParityCase::doubles)
      .toArray(double[][]::new);
  }

  static Stream<String> cases() {
    return FIXTURE.truth().keySet().stream().filter(key -> key.startsWith("grpo."));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossWeightsAndGradients(String name) {
    JsonObject truth = FIXTURE.section(name);
    GrpoConfig config = config(truth);
    try (CausalLm model = DpoParityTest.model(); CausalLm reference = DpoParityTest.model()) {
      List<Reward> rewards = Stream.of("reward0", "reward1").map(it -> Reward.of(it, (row, reply) -> 0)).toList();
      List<Prompt> prompts = Stream.of(prompts()).map(ids -> new Prompt(ids, new DataRow(1, Map.of()))).toList();
      GrpoObjective objective = new GrpoObjective(model, reference, TOKENIZER, config, prompts, rewards);
      List<Completion> replies = completions(truth, config);
      List<Example> examples = replies.stream().map(Completion::example).toList();
      List<float[]> now = LogProbabilities.of(model, examples, config.temperature(), Precision.F32).tokens();
      StepBatch batch = objective.weigh(replies, now, 2);
      List<Example> all = new ArrayList<>(batch.examples());
      IntStream.range(0, 8)
        .filter(i -> replies.get(i).masked())
        .forEach(i -> all.add(i, examples.get(i).withWeight(0)));
      DpoParityTest.assertLikeTrl(model, batch, all, truth, name);
      assertMetrics(truth.getAsJsonObject("metrics"), batch.metrics());
    }
  }

  private static void assertMetrics(JsonObject expected, Map<String, Double> found) {
    found.forEach((metric, value) -> {
      if (!metric.equals("steps_without_update")) { // ours
        assertEquals(expected.get(metric).getAsDouble(), value, 1e-5, metric);
      }
    });
    assertTrue(found.size() >= 8, found::toString);
  }

  private static GrpoConfig config(JsonObject truth) {
    GrpoConfig.Builder config = GrpoConfig.builder()
      .perDeviceTrainBatchSize(8)
      .numGenerations(4)
      .maxCompletionLength(FIXTURE.truth().get("max_completion_length").getAsInt())
      .lossType(GrpoLossType.valueOf(truth.get("loss_type").getAsString().toUpperCase()))
      .numIterations(truth.get("several").getAsBoolean() ? 2 : 1);
    if (truth.has("beta")) {
      config.beta(truth.get("beta").getAsDouble());
    }
    if (truth.has("temperature")) {
      config.temperature(truth.get("temperature").getAsDouble());
    }
    return config.maskTruncatedCompletions(truth.has("mask_truncated_completions")).build();
  }

  private static int[][] prompts() {
    return ParityCase.matrix(FIXTURE.truth(), "prompts");
  }

  private static List<Completion> completions(JsonObject truth, GrpoConfig config) {
    int[][] replies = ParityCase.matrix(FIXTURE.truth(), "replies");
    double[] advantages = ScaleRewards.GROUP.advantages(sums(), 4);
    return IntStream.range(0, replies.length).mapToObj(i -> {
      int[] prompt = prompts()[i / 4];
      int[] ids = IntStream.concat(Arrays.stream(prompt), Arrays.stream(replies[i])).toArray();
      boolean truncated = replies[i][replies[i].length - 1] != END;
      return new Completion(i / 4 + 1, ids, prompt.length, "", truncated,
          truncated && config.maskTruncatedCompletions(), rewards()[i], sums()[i], advantages[i],
          config.numIterations() > 1 ? floats(truth, "old", i) : null,
          config.beta() > 0 ? floats(truth, "ref", i) : null);
    }).toList();
  }

  private static float[] floats(JsonObject truth, String key, int row) {
    double[] values = ParityCase.doubles(truth.getAsJsonArray(key).get(row));
    float[] floats = new float[values.length];
    IntStream.range(0, values.length).forEach(i -> floats[i] = (float) values[i]);
    return floats;
  }
}
