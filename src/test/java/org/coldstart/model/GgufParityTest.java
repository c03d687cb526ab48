package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.gguf.GgufFile;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A GGUF file is the model that it was made from. */
class GgufParityTest {

  /** 1 + weight, rounded to f32 and taken back, is off by up to 1.2e-7. */
  private static final double TOLERANCE = 1e-4;

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "qwen2", "qwen3", "gemma"})
  void logitsAreThoseOfTransformers(String name) {
    ParityCase fixture = ParityCase.of(name);
    try (CausalLm model = CausalLm.fromPretrained(fixture.folder().resolve("model.gguf"))) {
      for (int row = 0; row < 3; row++) {
        float[] logits = Arrays32.logits(model, fixture.rows().get(row), Precision.F32);
        assertClose(fixture.tensor("logits." + row), logits, TOLERANCE, "logits of row " + row);
      }
    }
  }

  /** GGUF cannot hold the fixtures' score scale of 1/√10; llama.cpp takes the width of a head. */
  @ParameterizedTest
  @ValueSource(strings = {"gemma2", "gemma3"})
  void logitsAreThoseOfTheCheckpointWithTheUsualScale(String name, @TempDir Path folder) throws IOException {
    ParityCase fixture = ParityCase.of(name);
    JsonObject config = ParityCase.json(fixture.folder().resolve("config.json"));
    config.addProperty("query_pre_attn_scalar", config.get("head_dim").getAsInt());
    Files.writeString(folder.resolve("config.json"), config.toString());
    Files.copy(fixture.folder().resolve("model.safetensors"), folder.resolve("model.safetensors"));
    int[] row = fixture.rows().get(0);
    try (CausalLm expected = CausalLm.fromPretrained(folder);
        CausalLm found = CausalLm.fromPretrained(fixture.folder().resolve("model.gguf"))) {
      assertClose(Arrays32.logits(expected, row, Precision.F32), Arrays32.logits(found, row, Precision.F32), TOLERANCE,
          "logits");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"})
  void theConfigurationIsTheSame(String name) {
    ParityCase fixture = ParityCase.of(name);
    ModelConfig expected = ModelConfig.fromJson(ParityCase.json(fixture.folder().resolve("config.json")));
    try (GgufFile file = GgufFile.open(fixture.folder().resolve("model.gguf"))) {
      ModelConfig found = file.config();
      assertEquals(expected.architecture(), found.architecture());
      assertEquals(expected.feedForward(), found.feedForward());
      assertEquals(expected.norm(), found.norm());
      assertEquals(expected.ids(), found.ids());
      assertEquals(expected.logitSoftcap(), found.logitSoftcap());
      assertEquals(expected.tensorShapes(), found.tensorShapes());
      AttentionConfig attention = found.attention();
      assertEquals(expected.attention().ropes(), attention.ropes());
      assertEquals(expected.attention().layerTypes(), attention.layerTypes());
      assertEquals(expected.attention().slidingWindow(), attention.slidingWindow());
      assertEquals(expected.attention().scoreSoftcap(), attention.scoreSoftcap());
      assertTrue(file.tensors().keySet().containsAll(expected.tensorShapes().keySet()));
    }
  }
}
