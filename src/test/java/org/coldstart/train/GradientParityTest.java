package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loss and the gradient of every parameter are those of transformers. */
class GradientParityTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";

  /** Share of the expected norm; measured are up to 1e-6. */
  private static final double RELATIVE = 1e-4;

  private record Gradients(double lossSum, long kept, Map<String, float[]> byName) {

    double globalNorm() {
      return Math.sqrt(byName.values().stream().mapToDouble(Arrays32::norm).map(n -> n * n).sum());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void theLossIsSummedOverKeptTokensOnly(ParityCase fixture) {
    JsonObject truth = fixture.section("gradients");
    try (CausalLm model = fixture.model()) {
      Gradients found = gradients(model, fixture.examples(), Precision.F32);
      assertEquals(truth.get("kept_tokens").getAsLong(), found.kept());
      assertEquals(truth.get("loss").getAsDouble(), found.lossSum() / found.kept(), 1e-5);
      assertEquals(truth.get("loss_sum").getAsDouble(), found.lossSum(), 1e-5 * found.kept());
      assertEquals(truth.get("loss").getAsDouble(), Losses.mean(model, fixture.examples(), 2, Precision.F32), 1e-5,
          "evaluation in unequal batches");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void theGradientOfEveryParameterAgrees(ParityCase fixture) {
    JsonObject truth = fixture.section("gradients");
    JsonObject norms = truth.getAsJsonObject("norms");
    try (CausalLm model = fixture.model()) {
      Gradients found = gradients(model, fixture.examples(), Precision.F32);
      assertEquals(norms.keySet(), found.byName().keySet());
      norms.keySet().forEach(name -> assertNear(norms.get(name).getAsDouble(), found.byName().get(name), name));
      double expected = truth.get("global_norm").getAsDouble();
      Arrays32.assertRelative(expected, found.globalNorm(), RELATIVE, "global norm");
      for (String name : fixture.tensors("gradient.")) {
        float[] gradient = fixture.tensor("gradient." + name);
        double tolerance = RELATIVE * Arrays32.norm(gradient);
        assertClose(gradient, found.byName().get(name), tolerance, "gradient of " + name);
      }
    }
  }

  private static void assertNear(double expected, float[] gradient, String name) {
    Arrays32.assertRelative(expected, Arrays32.norm(gradient), RELATIVE, "gradient norm of " + name);
  }

  /**
   * BF16 keeps 8 bits of a factor, so a product is off by up to 0.4 %; two or three layers add that up. Measured are up
   * to 2.5 % of the largest logit.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama-bias", "mistral-window", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"})
  void bf16StaysNearF32(String caseName) {
    ParityCase fixture = ParityCase.of(caseName);
    try (CausalLm model = fixture.model()) {
      int[] row = fixture.rows().get(0);
      float[] rounded = Arrays32.logits(model, row, Precision.BF16);
      float[] exactLogits = fixture.tensor("logits.0");
      double distance = Arrays32.distance(exactLogits, rounded);
      double largest = Arrays32.distance(exactLogits, new float[exactLogits.length]);
      assertTrue(distance < 0.04 * largest, "logits are off by " + distance);
      assertTrue(distance > 1e-3, "bf16 leaves a trace, or it was not used: " + distance);
      Gradients exact = gradients(model, fixture.examples(), Precision.F32);
      Gradients near = gradients(model, fixture.examples(), Precision.BF16);
      assertEquals(exact.lossSum() / exact.kept(), near.lossSum() / near.kept(), 0.02);
      exact.byName().forEach((name, gradient) -> assertSimilar(gradient, near.byName().get(name), name));
    }
  }

  private static void assertSimilar(float[] exact, float[] near, String name) {
    float[] difference = exact.clone();
    for (int i = 0; i < difference.length; i++) {
      difference[i] -= near[i];
    }
    double share = Arrays32.norm(difference) / Arrays32.norm(exact);
    // The bias of the keys sums what nearly cancels, so rounding shows most there: 5 %.
    assertTrue(share < 0.08, "gradient of " + name + " is off by a share of " + share);
  }

  /** Checkpointing works out nothing else, only later. */
  @ParameterizedTest
  @MethodSource(CASES)
  void checkpointingGivesTheSameGradientsToTheBit(ParityCase fixture) {
    for (Precision precision : Precision.values()) {
      try (CausalLm model = fixture.model()) {
        Gradients plain = gradients(model, fixture.examples(), precision, false);
        Gradients checkpointed = gradients(model, fixture.examples(), precision, true);
        assertEquals(plain.lossSum(), checkpointed.lossSum());
        plain.byName().forEach((name, gradient) -> assertArrayEquals(gradient, checkpointed.byName().get(name), name));
      }
    }
  }

  /** Rows do not see each other, so how many run at a time only changes the order of additions. */
  @ParameterizedTest
  @MethodSource(CASES)
  void theSlicesOfABatchAddUpToIt(ParityCase fixture) {
    List<List<Example>> slices = Batches.slices(fixture.examples(), 1);
    assertEquals(fixture.examples().size(), slices.size());
    try (CausalLm model = fixture.model()) {
      Gradients whole = gathered(model, List.of(fixture.examples()), Precision.F32, false);
      Gradients parts = gathered(model, slices, Precision.F32, false);
      assertEquals(whole.lossSum(), parts.lossSum(), 1e-5 * whole.kept());
      whole.byName()
        .forEach(
            (name, gradient) -> assertClose(gradient, parts.byName().get(name), 1e-5 * Arrays32.norm(gradient), name));
    }
  }

  private static Gradients gradients(CausalLm model, List<Example> examples, Precision precision) {
    return gradients(model, examples, precision, false);
  }

  private static Gradients gradients(CausalLm model, List<Example> examples, Precision precision,
      boolean checkpointing) {
    return gathered(model, List.of(examples), precision, checkpointing);
  }

  /** The gradients of the mean loss over all slices, taken as the trainer takes them. */
  private static Gradients gathered(CausalLm model, List<List<Example>> slices, Precision precision,
      boolean checkpointing) {
    List<Batch> batches = slices.stream().map(Batch::of).toList();
    long kept = batches.stream().mapToLong(Batch::keptTokens).sum();
    try (ForwardBackward pass = model.trainingPass(precision, checkpointing)) {
      LossSums sums = LossSums.NONE;
      for (Batch batch : batches) {
        sums = sums
          .plus(pass.forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), 1.0 / kept));
      }
      Map<String, float[]> byName = new LinkedHashMap<>();
      model.parameters().forEach((name, parameter) -> byName.put(name, pass.gradients().of(parameter).toFloatArray()));
      return new Gradients(sums.loss(), kept, byName);
    }
  }
}
