package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.LoraCase;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.Machine;
import org.coldstart.model.Precision;
import org.coldstart.model.Trainable;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Only what was chosen is trained, and an adapter is trained as PEFT trains it. */
class LoraTrainingTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.endingWith2();
  private static final int HIDDEN = 32;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @ParameterizedTest
  @MethodSource("org.coldstart.fixture.LoraCase#all")
  void tenStepsWalkWithPeft(LoraCase fixture) {
    JsonObject optimizer = fixture.truth().getAsJsonObject("optimizer");
    SftConfig config = recipe().learningRate(optimizer.get("lr").getAsDouble())
      .weightDecay(optimizer.get("weight_decay").getAsDouble())
      .adamEpsilon(optimizer.get("eps").getAsDouble())
      .build();
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.fromPretrained(model, fixture.initial());
      Map<String, float[]> before = Arrays32.weights(model);
      TrainingResult result = train(model, fixture.base(), config);
      double[] expected = ParityCase.doubles(fixture.truth().get("losses"));
      // The losses fall by 10 % to 50 %; rounding moves them by less than 1e-5.
      assertArrayEquals(expected, losses(result), 1e-4);
      Map<String, float[]> trained = LoraCase.adapter(fixture.trained());
      lora.tensors().forEach((name, array) -> assertClose(trained.get(name), array.toFloatArray(), 1e-4, name));
      lora.unload();
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(before.get(name), w, name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "llama-untied"})
  void onlyTheRowsOfTheChosenTokensChange(String base) {
    ParityCase fixture = ParityCase.of(base);
    int[] row = fixture.rows().get(0);
    int[] ids = {row[3], row[9], 98};
    try (CausalLm model = fixture.model()) {
      Map<String, float[]> before = Arrays32.weights(model);
      model.setTrainable(Trainable.tokenRows(ids));
      int matrices = model.config().tieWordEmbeddings() ? 1 : 2;
      assertEquals(matrices, model.trainableParameters().size());
      assertEquals(matrices * ids.length * HIDDEN, model.trainableCount().trainable());
      TrainingResult result = train(model, fixture, recipe().weightDecay(0.1).build());
      assertTrue(losses(result)[9] < losses(result)[0] - 0.05, "rows learn");
      float[] trained = Arrays32.logits(model, row, Precision.F32);
      assertOnlyRowsChanged(before, Arrays32.weights(model), ids);
      model.setTrainable(Trainable.all());
      assertOnlyRowsChanged(before, Arrays32.weights(model), ids);
      // Adding the rows' difference and multiplying by them round differently.
      assertClose(trained, Arrays32.logits(model, row, Precision.F32), 1e-5, "written back");
    }
  }

  private static void assertOnlyRowsChanged(Map<String, float[]> before, Map<String, float[]> after, int[] ids) {
    after.forEach((name, values) -> {
      boolean hasRows = name.equals("model.embed_tokens.weight") || name.equals("lm_head.weight");
      for (int i = 0; i < values.length; i += HIDDEN) {
        int id = i / HIDDEN;
        int end = Math.min(i + HIDDEN, values.length);
        boolean same = Arrays.equals(values, i, end, before.get(name), i, end);
        boolean chosen = hasRows && Arrays.stream(ids).anyMatch(each -> each == id);
        assertEquals(!chosen, same, name + " row " + id);
      }
    });
  }

  /**
   * AdamW moves each value by its own gradient alone, so one step of full training moves the rows as one step of the
   * rows alone: if their gradients, that of the head among them, are right.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "llama-untied"})
  void rowsTakeTheStepFullTrainingWouldTakeThem(String base) {
    ParityCase fixture = ParityCase.of(base);
    int[] row = fixture.rows().get(0);
    int[] ids = {row[3], row[9]};
    SftConfig config = recipe().maxSteps(1).adamEpsilon(1e-3).weightDecay(0.1).build();
    try (CausalLm rows = fixture.model(); CausalLm full = fixture.model()) {
      rows.setTrainable(Trainable.tokenRows(ids));
      train(rows, fixture, config);
      full.setTrainable(Trainable.matching("*"));
      train(full, fixture, config);
      for (String name : List.of("model.embed_tokens.weight", "lm_head.weight")) {
        if (rows.parameters().containsKey(name)) {
          float[] a = rows.parameters().get(name).toFloatArray();
          float[] b = full.parameters().get(name).toFloatArray();
          for (int id : ids) {
            assertClose(Arrays32.part(b, id * HIDDEN, HIDDEN), Arrays32.part(a, id * HIDDEN, HIDDEN), 1e-6,
                name + " row " + id);
          }
        }
      }
    }
  }

  /** With all rows trained, the gradient of the embedding alone would take its 192 MB again. */
  @Test
  void aStepOnFewRowsNeedsNoRoomOfTheMatrixsSize() {
    assumeTrue(Machine.residentBytes().isPresent(), "Memory is read on Linux only");
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model()) {
      model.resizeTokenEmbeddings(1_500_000);
      model.setTrainable(Trainable.tokenRows(7, 8));
      NDArray rows = model.trainableParameters().values().iterator().next();
      long before = Machine.residentBytes().getAsLong();
      try (ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
        pass.forwardBackward(new long[] {5, 7, 8}, new long[] {3}, new long[] {0, 1}, new long[] {7, 8}, 0.5);
        long grown = Machine.residentBytes().getAsLong() - before;
        assertTrue(grown < 100 << 20, "grown by " + (grown >> 20) + " MB");
        NDArray gradient = pass.gradients().of(rows);
        assertEquals(rows.getShape(), gradient.getShape());
        assertTrue(gradient.abs().sum().getFloat() > 0);
      }
    }
  }

  @Test
  void frozenParametersHaveNeitherGradientNorChange() {
    ParityCase fixture = ParityCase.of("llama-bias");
    try (CausalLm model = fixture.model()) {
      Map<String, float[]> before = Arrays32.weights(model);
      model.setTrainable(Trainable.matching("model.layers.1.mlp.*", "model.norm.weight"));
      assertEquals(7, model.trainableParameters().size());
      train(model, fixture, recipe().build());
      Arrays32.weights(model).forEach((name, values) -> {
        boolean chosen = name.startsWith("model.layers.1.mlp.") || name.equals("model.norm.weight");
        assertEquals(!chosen, Arrays.equals(before.get(name), values), name);
      });
      model.parameters().values().forEach(p -> assertFalse(p.hasGradient()));
    }
  }

  @Test
  void dropoutIsRepeatableAndOnlyInTraining() {
    ParityCase fixture = ParityCase.of("llama-tied");
    double[] first = lossesWithDropout(fixture, 0.3, 7);
    assertArrayEquals(first, lossesWithDropout(fixture, 0.3, 7));
    double[] otherSeed = lossesWithDropout(fixture, 0.3, 8);
    double[] none = lossesWithDropout(fixture, 0, 7);
    // B is zero at first, so the first step drops nothing that shows.
    assertEquals(none[0], first[0], 1e-6);
    assertNotEquals(none[5], first[5], 1e-4);
    assertNotEquals(otherSeed[5], first[5], 1e-4);
  }

  private static double[] lossesWithDropout(ParityCase fixture, double p, long seed) {
    try (CausalLm model = fixture.model()) {
      Lora.attach(model, LoraConfig.builder().targetModules("all-linear").loraDropout(p).seed(seed).build());
      TrainingResult result = train(model, fixture, recipe().build());
      int[] row = fixture.rows().get(0);
      assertArrayEquals(Arrays32.logits(model, row, Precision.F32), Arrays32.logits(model, row, Precision.F32));
      return losses(result);
    }
  }

  @Test
  void anAdapterLearnsInBf16() {
    ParityCase fixture = ParityCase.of("llama-untied");
    int[] row = fixture.rows().get(0);
    try (CausalLm model = fixture.model()) {
      Lora.attach(model,
          LoraConfig.builder()
            .targetModules("all-linear")
            .trainableTokenIndices(row[3], row[9])
            .trainableTokenIndices("lm_head", row[3], row[9])
            .build());
      SftConfig.Builder config = recipe().learningRate(1e-2).precision(Precision.BF16);
      double[] losses = losses(train(model, fixture, config.build()));
      assertTrue(losses[9] < losses[0] / 2, Arrays.toString(losses));
    }
  }

  private static SftConfig.Builder recipe() {
    return SftConfig.builder()
      .learningRate(5e-3)
      .lrSchedulerType(LearningRateSchedule.CONSTANT)
      .maxGradNorm(0)
      .precision(Precision.F32)
      .perDeviceTrainBatchSize(3)
      .numTrainEpochs(10)
      .loggingSteps(1);
  }

  private static TrainingResult train(CausalLm model, ParityCase fixture, SftConfig config) {
    return new SftTrainer(model, TOKENIZER, config, fixture.examples(), List.of()).train();
  }

  private static double[] losses(TrainingResult result) {
    return result.log().entries().stream().mapToDouble(TrainingLog.Entry::loss).toArray();
  }
}
