package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.data.PreferencePair;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LabelWeights;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Preferences are learnt as TRL's DPOTrainer learns them: loss, weights, gradients, and ten steps of the trainer. */
class DpoParityTest {

  static final ParityCase FIXTURE = ParityCase.of("preferences");
  private static final Tokenizer TOKENIZER = TinyTokenizer.endingWith2();

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  static CausalLm model() {
    return ParityCase.of("ten-steps").model();
  }

  static List<PreferencePair> pairs() {
    List<PreferencePair> pairs = new ArrayList<>();
    FIXTURE.truth().getAsJsonArray("pairs").forEach(pair -> {
      JsonObject ids = pair.getAsJsonObject();
      int[] prompt = ParityCase.ints(ids.get("prompt"));
      pairs.add(new PreferencePair(reply(prompt, ParityCase.ints(ids.get("chosen"))),
          reply(prompt, ParityCase.ints(ids.get("rejected")))));
    });
    return pairs;
  }

  private static Example reply(int[] prompt, int[] reply) {
    int[] ids = IntStream.concat(Arrays.stream(prompt), Arrays.stream(reply)).toArray();
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, prompt.length, mask.length, true);
    return new Example(ids, mask);
  }

  private static DpoConfig.Builder config(DpoLossType lossType, JsonObject truth) {
    return DpoConfig.builder()
      .lossType(lossType)
      .beta(truth.get("beta").getAsDouble())
      .perDeviceTrainBatchSize(2)
      .gradientAccumulationSteps(3);
  }

  /** As seen from a reference that lies off the model by known amounts. */
  @ParameterizedTest
  @EnumSource(DpoLossType.class)
  void lossWeightsAndGradients(DpoLossType lossType) {
    String name = lossType.name().toLowerCase();
    JsonObject truth = FIXTURE.section(name);
    double[] chosen = ParityCase.doubles(truth.get("ref_chosen"));
    double[] rejected = ParityCase.doubles(truth.get("ref_rejected"));
    List<PreferencePair> pairs = pairs();
    List<DpoObjective.Row> rows = IntStream.range(0, pairs.size())
      .mapToObj(i -> new DpoObjective.Row(pairs.get(i), chosen[i], rejected[i]))
      .toList();
    try (CausalLm model = model()) {
      DpoObjective objective = new DpoObjective(model, config(lossType, truth).build(), rows, List.of());
      StepBatch batch = objective.weigh(rows, null, null);
      List<Example> chosenFirst = Stream
        .concat(IntStream.range(0, pairs.size()).mapToObj(i -> batch.examples().get(2 * i)),
            IntStream.range(0, pairs.size()).mapToObj(i -> batch.examples().get(2 * i + 1)))
        .toList();
      assertLikeTrl(model, batch, chosenFirst, truth, "dpo." + name);
      truth.getAsJsonObject("metrics")
        .entrySet()
        .forEach(metric -> assertEquals(metric.getValue().getAsDouble(), batch.metrics().get(metric.getKey()), 1e-4,
            metric.getKey()));
    }
  }

  /**
   * Compares a step with TRL's. Log-probabilities of replies are off by up to 1e-5, of which a loss that squares them
   * makes up to 1e-5 of its value.
   *
   * @param inOrder the step's examples in the truth's order
   */
  static void assertLikeTrl(CausalLm model, StepBatch batch, List<Example> inOrder, JsonObject truth, String name) {
    double loss = truth.get("loss").getAsDouble();
    assertEquals(loss, batch.loss(), 1e-5 * Math.max(1, Math.abs(loss)), name);
    for (int i = 0; i < inOrder.size(); i++) {
      double[] weights = ParityCase.doubles(truth.getAsJsonArray("weights").get(i));
      float[] found = Batch.of(inOrder.subList(i, i + 1)).weights();
      double[] scaled = IntStream.range(0, found.length).mapToDouble(t -> found[t] * batch.scale()).toArray();
      assertArrayEquals(weights, scaled, 1e-5, name + ", reply " + i);
    }
    Map<String, float[]> gradients = gradients(model, batch);
    JsonObject norms = truth.getAsJsonObject("norms");
    assertEquals(norms.keySet(), gradients.keySet());
    gradients.forEach(
        (key, g) -> Arrays32.assertRelative(norms.get(key).getAsDouble(), Arrays32.norm(g), 1e-4, name + " " + key));
    for (String key : FIXTURE.tensors(name + ".")) {
      float[] expected = FIXTURE.tensor(name + "." + key);
      assertClose(expected, gradients.get(key), 1e-4 * Arrays32.norm(expected), name + " " + key);
    }
  }

  private static Map<String, float[]> gradients(CausalLm model, StepBatch step) {
    Map<String, float[]> gradients = new LinkedHashMap<>();
    try (ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
      for (List<Example> rows : step.parts().stream().flatMap(List::stream).toList()) {
        Batch b = Batch.of(rows);
        pass.forwardBackward(b.inputIds(), b.seqLens(), b.positions(), b.labels(),
            new LabelWeights(b.weights(), step.scale(), step.temperature()), UnaryOperator.identity());
      }
      model.trainableParameters()
        .forEach((name, parameter) -> gradients.put(name, pass.gradients().of(parameter).toFloatArray()));
    }
    return gradients;
  }

  @ParameterizedTest
  @EnumSource(DpoLossType.class)
  void tenStepsOfTheTrainer(DpoLossType lossType) {
    JsonObject truth = FIXTURE.section(lossType.name().toLowerCase() + "_steps");
    JsonObject steps = FIXTURE.section("steps");
    DpoConfig config = config(lossType, truth).maxSteps(steps.get("max_steps").getAsInt())
      .learningRate(steps.get("learning_rate").getAsDouble())
      .weightDecay(steps.get("weight_decay").getAsDouble())
      .loggingSteps(1)
      .build();
    try (CausalLm model = model()) {
      TrainingResult result = new DpoTrainer(model, TOKENIZER, config, pairs(), List.of()).train();
      double[] losses = result.log().entries().stream().mapToDouble(TrainingLog.Entry::loss).toArray();
      assertArrayEquals(ParityCase.doubles(truth.get("losses")), losses, 2e-5);
      JsonObject norms = truth.getAsJsonObject("final_norms");
      Arrays32.weights(model)
        .forEach((name, w) -> Arrays32.assertRelative(norms.get(name).getAsDouble(), Arrays32.norm(w), 1e-5, name));
    }
  }
}
