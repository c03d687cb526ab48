package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that begins at random: shapes, distribution, seed, and what is written of it. */
class NewModelTest {

  private static final ModelConfig CONFIG = new LlamaConfig().vocabSize(300)
    .hiddenSize(64)
    .intermediateSize(96)
    .numHiddenLayers(2)
    .numAttentionHeads(4)
    .numKeyValueHeads(2)
    .initializerRange(0.05)
    .bosTokenId(3)
    .eosTokenId(5)
    .build();

  @Test
  void matricesAreNormallyDistributedAndNormsAreOne() {
    try (CausalLm model = CausalLm.fromConfig(CONFIG, 1)) {
      model.parameters().forEach(NewModelTest::assertInitial);
      long expected = 300 * 64 + 2 * (2 * 64 + 64 * 64 * 2 + 2 * 64 * 32 + 3 * 64 * 96) + 64;
      assertEquals(expected, model.parameterCount());
    }
  }

  private static void assertInitial(String name, NDArray array) {
    float[] values = array.toFloatArray();
    if (array.getShape().dimension() == 1) {
      float[] ones = new float[values.length];
      Arrays.fill(ones, 1);
      assertArrayEquals(ones, values, name);
      return;
    }
    double mean = mean(values, 1);
    double deviation = Math.sqrt(mean(values, 2) - mean * mean);
    // five standard errors of the mean, of the deviation, and of the share beyond one deviation
    double n = values.length;
    assertEquals(0, mean, 5 * 0.05 / Math.sqrt(n), name);
    assertEquals(0.05, deviation, 5 * 0.05 / Math.sqrt(2 * n), name);
    long beyond = IntStream.range(0, values.length).filter(i -> Math.abs(values[i]) > 0.05).count();
    assertEquals(0.3173, beyond / n, 5 * Math.sqrt(0.3173 * 0.6827 / n), name);
  }

  private static double mean(float[] values, int power) {
    return IntStream.range(0, values.length).mapToDouble(i -> Math.pow(values[i], power)).sum() / values.length;
  }

  @Test
  void aSeedDecidesTheWeightsAndNoTwoMatricesAreAlike() {
    try (CausalLm model = CausalLm.fromConfig(CONFIG, 1);
        CausalLm again = CausalLm.fromConfig(CONFIG, 1);
        CausalLm other = CausalLm.fromConfig(CONFIG, 2)) {
      String up = "model.layers.0.mlp.up_proj.weight";
      model.parameters().forEach((n, a) -> assertArrayEquals(a.toFloatArray(), value(again, n), n));
      assertFalse(Arrays.equals(value(model, up), value(other, up)));
      assertFalse(Arrays.equals(value(model, up), value(model, "model.layers.0.mlp.gate_proj.weight")));
      assertFalse(Arrays.equals(value(model, up), value(model, "model.layers.1.mlp.up_proj.weight")));
    }
  }

  private static float[] value(CausalLm model, String name) {
    return model.parameters().get(name).toFloatArray();
  }

  @Test
  void everyFamilyCanBegin() {
    for (String name : List.of("llama-untied", "qwen2", "qwen3", "gemma2", "gemma3")) {
      ModelConfig config = ModelConfig.fromJson(ParityCase.json(folder(name).resolve("config.json")));
      try (CausalLm model = CausalLm.fromConfig(config, 1)) {
        float[] logits = model.nextTokenLogits(new int[] {5, 6, 7});
        assertEquals(config.vocabSize(), logits.length);
        for (float logit : logits) {
          assertTrue(Float.isFinite(logit), name);
        }
      }
    }
  }

  private static Path folder(String name) {
    return ParityCase.RESOURCES.resolve(name);
  }

  @Test
  void whatIsSavedIsTheSameModel(@TempDir Path folder) {
    try (CausalLm model = CausalLm.fromConfig(CONFIG, 1)) {
      model.savePretrained(folder);
      try (CausalLm loaded = CausalLm.fromPretrained(folder)) {
        int[] ids = {3, 17, 200};
        assertArrayEquals(model.nextTokenLogits(ids), loaded.nextTokenLogits(ids));
        assertEquals(List.of(5), loaded.generationConfig().eosTokenIds());
        assertEquals(3, loaded.config().ids().bos());
        assertEquals(List.of(5), model.generationConfig().eosTokenIds());
      }
    }
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    String message = assertThrows(CheckpointException.class,
        () -> new LlamaConfig().hiddenSize(100).numAttentionHeads(3).build())
      .getMessage();
    assertTrue(message.contains("hidden_size") && message.contains("100"), message);
    assertTrue(assertThrows(CheckpointException.class, () -> new LlamaConfig().numHiddenLayers(0).build()).getMessage()
      .contains("num_hidden_layers"));
  }

  @Test
  void theDefaultsAreATinyLlama() {
    try (CausalLm model = CausalLm.fromConfig(new LlamaConfig().build(), 1)) {
      assertTrue(model.parameterCount() < 5_000_000, "parameters: " + model.parameterCount());
    }
  }
}
