package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.coldstart.model.Trainable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A prefix that all rows of a step share is read once; loss and gradients stay the same. */
class SharedPrefixTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";

  private static final int SHARED = 9;

  /** Share of a gradient's norm. Sums come in another order, no more; measured are up to 1e-6. */
  private static final double EXACT = 1e-5;

  /** What one step gives. */
  private record Step(int read, double loss, Map<String, float[]> gradients) {}

  @ParameterizedTest
  @MethodSource(CASES)
  void lossAndGradientsAreThoseOfWholeRows(ParityCase fixture) {
    List<Example> rows = rows(fixture);
    try (CausalLm model = fixture.model()) {
      Step whole = step(model, rows, Precision.F32, false, false);
      Step shared = step(model, rows, Precision.F32, false, true);
      assertEquals(0, whole.read());
      assertEquals(SHARED, shared.read(), fixture.name());
      assertEquals(whole.loss(), shared.loss(), 1e-5);
      assertNear(whole, shared, EXACT);
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void checkpointingGivesTheSameToTheBit(ParityCase fixture) {
    List<Example> rows = rows(fixture);
    try (CausalLm model = fixture.model()) {
      Step plain = step(model, rows, Precision.F32, false, true);
      Step checkpointed = step(model, rows, Precision.F32, true, true);
      assertEquals(plain.loss(), checkpointed.loss());
      plain.gradients()
        .forEach((name, gradient) -> assertArrayEquals(gradient, checkpointed.gradients().get(name), name));
    }
  }

  /** Two roundings of bf16 that differ: as far apart as bf16 and f32 may be. */
  @Test
  void inBf16AsNearAsItsRounding() {
    ParityCase fixture = ParityCase.of("qwen3");
    List<Example> rows = rows(fixture);
    try (CausalLm model = fixture.model()) {
      Step whole = step(model, rows, Precision.BF16, false, false);
      Step shared = step(model, rows, Precision.BF16, false, true);
      assertEquals(SHARED, shared.read());
      assertEquals(whole.loss(), shared.loss(), 0.02);
      assertNear(whole, shared, 0.05);
      Step checkpointed = step(model, rows, Precision.BF16, true, true);
      assertEquals(shared.loss(), checkpointed.loss());
    }
  }

  /** Token rows that are trained on their own, some of them in the prefix. */
  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "llama-untied"})
  void trainedTokenRowsGetThePrefixsGradient(String base) {
    ParityCase fixture = ParityCase.of(base);
    List<Example> rows = rows(fixture);
    int[] ids = rows.get(0).ids();
    try (CausalLm model = fixture.model()) {
      model.setTrainable(Trainable.tokenRows(ids[2], ids[5], ids[13], 98));
      Step whole = step(model, rows, Precision.F32, false, false);
      Step shared = step(model, rows, Precision.F32, false, true);
      assertEquals(SHARED, shared.read());
      assertNear(whole, shared, EXACT);
    }
  }

  @Test
  void anAdapterGetsThePrefixsGradient() {
    ParityCase fixture = ParityCase.of("llama-tied");
    List<Example> rows = rows(fixture);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.attach(model, LoraConfig.builder().r(4).targetModules("all-linear").build());
      // B begins as zeros, under which A would have no gradient.
      lora.tensors().values().forEach(array -> TorchOps.fill(array, slope((int) array.size())));
      Step whole = step(model, rows, Precision.F32, false, false);
      Step shared = step(model, rows, Precision.F32, false, true);
      assertEquals(SHARED, shared.read());
      assertNear(whole, shared, EXACT);
    }
  }

  private static void assertNear(Step whole, Step shared, double share) {
    assertEquals(whole.gradients().keySet(), shared.gradients().keySet());
    whole.gradients()
      .forEach((name, gradient) -> assertClose(gradient, shared.gradients().get(name), share * Arrays32.norm(gradient),
          name));
  }

  private static float[] slope(int length) {
    float[] values = new float[length];
    IntStream.range(0, length).forEach(i -> values[i] = 0.02f * (i % 11 - 5));
    return values;
  }

  @Test
  void underDropoutOrNoiseRowsShareNoPrefix() {
    SftConfig plain = SftConfig.builder().build();
    SftConfig noise = SftConfig.builder().neftuneNoiseAlpha(5).build();
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      assertFalse(TrainingStep.isRandom(model, plain));
      assertTrue(TrainingStep.isRandom(model, noise));
      Lora.attach(model, LoraConfig.builder().build());
      assertFalse(TrainingStep.isRandom(model, plain));
    }
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      Lora.attach(model, LoraConfig.builder().loraDropout(0.1).build());
      assertTrue(TrainingStep.isRandom(model, plain));
    }
  }

  @Test
  void aSingleRowOrAFewTokensAreReadWithTheRows() {
    ParityCase fixture = ParityCase.of("llama-tied");
    int[] ids = fixture.rows().get(0);
    try (CausalLm model = fixture.model(); ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
      assertEquals(0, pass.beginRows(List.of(ids)));
      int[] other = ids.clone();
      other[3]++;
      assertEquals(0, pass.beginRows(List.of(ids, other)));
    }
  }

  /** Nine rows that share a prefix. */
  private static List<Example> rows(ParityCase fixture) {
    int[] ids = fixture.rows().get(0);
    return IntStream.range(0, 9).mapToObj(row -> {
      int[] own = Arrays.copyOf(ids, 16 + row % 3);
      boolean[] mask = new boolean[own.length];
      own[SHARED] += row;
      Arrays.fill(mask, 12 + row % 3, mask.length, true);
      return new Example(own, mask);
    }).toList();
  }

  /** The rows one by one, then all at once, as a step of two micro-batches. */
  private static Step step(CausalLm model, List<Example> rows, Precision precision, boolean checkpointing,
      boolean sharing) {
    try (ForwardBackward pass = model.trainingPass(precision, checkpointing)) {
      int read = sharing ? pass.beginRows(rows.stream().map(Example::context).toList()) : 0;
      LossSums sums = LossSums.NONE;
      for (List<Example> slice : List.of(rows.subList(0, 1), rows)) {
        Batch batch = Batch.of(slice, read);
        sums = sums
          .plus(pass.forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), 0.01));
      }
      pass.endRows();
      Map<String, float[]> gradients = new LinkedHashMap<>();
      model.trainableParameters().forEach((name, parameter) -> {
        NDArray gradient = pass.gradients().of(parameter);
        gradients.put(name, gradient.toFloatArray());
      });
      return new Step(read, sums.meanLoss(), gradients);
    }
  }
}
