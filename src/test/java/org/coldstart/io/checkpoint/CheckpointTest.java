package org.coldstart.io.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.fixture.Fixtures;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.json.Json;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.model.CausalLm;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointTest {
  @TempDir
  Path folder;

  @Test
  void opensAFolderOfTransformers() {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("hf"))) {
      assertEquals(new RopeParameters(RopeParameters.Type.LINEAR, 5000, 2, 1, 1, 0),
          checkpoint.config().attention().rope());
      assertEquals(List.of(2, 3), checkpoint.generationConfig().eosTokenIds());
      assertEquals(21, checkpoint.tensors().tensors().size());
    }
  }

  @Test
  void shardsAreOneCheckpoint() {
    try (Checkpoint whole = Checkpoint.open(Fixtures.path("hf"));
        Checkpoint shards = Checkpoint.open(Fixtures.path("hf-sharded"))) {
      assertEquals(whole.tensors().tensors().keySet().size(), shards.tensors().tensors().size());
      for (String name : whole.tensors().tensors().keySet()) {
        assertEquals(StoredType.BF16, shards.tensors().tensor(name).dtype());
        float[] expected = Fixtures.all(whole.tensors(), name);
        for (int i = 0; i < expected.length; i++) {
          expected[i] = MemoryTensors.toBf16(expected[i]);
        }
        assertArrayEquals(expected, Fixtures.all(shards.tensors(), name), name);
      }
    }
  }

  @Test
  void opensAGgufFileAndAFolderWithOne() throws IOException {
    Files.copy(Fixtures.path("llama-v3.gguf"), folder.resolve("model.gguf"));
    try (Checkpoint file = Checkpoint.open(folder.resolve("model.gguf"));
        Checkpoint inFolder = Checkpoint.open(folder)) {
      assertEquals(file.config(), inFolder.config());
      assertEquals(List.of(2, 3), file.generationConfig().eosTokenIds());
    }
    Files.copy(Fixtures.path("llama-v2.gguf"), folder.resolve("other.gguf"));
    assertFails(folder, "2 .gguf files", "other.gguf");
  }

  @Test
  void whatIsSavedFromGgufOpensAsAFolder() {
    try (Checkpoint gguf = Checkpoint.open(Fixtures.path("llama-v2.gguf"))) {
      SafetensorsWriter.write(folder.resolve("model.safetensors"), gguf.tensors(), StoredType.F32);
      AtomicFiles.writeString(folder.resolve("config.json"), gguf.config().toJson(StoredType.F32).toString());
      try (Checkpoint saved = Checkpoint.open(folder)) {
        assertEquals(gguf.config().attention().rope(), saved.config().attention().rope());
        assertEquals(gguf.config().tensorShapes(), saved.config().tensorShapes());
        for (String name : gguf.tensors().tensors().keySet()) {
          assertArrayEquals(Fixtures.all(gguf.tensors(), name), Fixtures.all(saved.tensors(), name), name);
        }
      }
    }
  }

  @Test
  void aGgufFileIsKnownByItsFirstBytes() throws IOException {
    Path blob = Files.copy(Fixtures.path("llama-v3.gguf"), folder.resolve("sha256-4fed"));
    assertEquals(blob, Hub.model(blob.toString()));
    try (Checkpoint file = Checkpoint.open(blob); Checkpoint named = Checkpoint.open(Fixtures.path("llama-v3.gguf"))) {
      assertEquals(named.config().tensorShapes(), file.config().tensorShapes());
    }
  }

  @Test
  void anAdaptersFolderPointsToItsBase() throws IOException {
    Path adapter = folder.resolve("adapter_config.json");
    Files.writeString(adapter, "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"our/base\"}");
    assertFails(folder, "holds an adapter for our/base", "Lora.fromPretrained(model, folder)");
    Files.writeString(adapter, "{\"base_model_name_or_path\": null}");
    assertFails(folder, "holds an adapter: load its base model");
  }

  @Test
  void withoutAGenerationConfigTheEndsAreThoseOfTheModel() throws IOException {
    copy("hf");
    Files.delete(folder.resolve("generation_config.json"));
    change("eos_token_id", 7);
    try (Warnings warnings = new Warnings(); CausalLm model = CausalLm.fromPretrained(folder)) {
      warnings.assertNone();
      assertEquals(List.of(7), model.generationConfig().eosTokenIds());
      assertEquals("7", model.generationConfig().toJson().get("eos_token_id").toString());
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"{\"eos_token_id\": 5,}|7", "''|7", "[5]|7", "{\"eos_token_id\": 5, \"top_p\": NaN}|7",
    "{\"eos_token_id\": \"5\"}|7", "{\"eos_token_id\": 5, \"top_k\": -1}|5", "{\"eos_token_id\": 5, \"temperature\": \"hot\"}|5"})
  void anOddGenerationConfigIsWarnedOf(String text, int end) throws IOException {
    copy("hf");
    change("eos_token_id", 7);
    Files.writeString(folder.resolve("generation_config.json"), text);
    try (Warnings warnings = new Warnings(); Checkpoint checkpoint = Checkpoint.open(folder)) {
      warnings.assertOne("generation_config.json");
      assertEquals(List.of(end), checkpoint.generationConfig().eosTokenIds());
      assertEquals(50, checkpoint.generationConfig().topK());
      assertEquals(1, checkpoint.generationConfig().temperature());
    }
  }

  @Test
  void optionsThatAreOffAreOff() {
    String off = "\"suppress_tokens\": [], \"sequence_bias\": {}, \"stop_strings\": \"\", \"num_beams\": 1";
    assertEquals(List.of(), others("{" + off + ", \"min_p\": 0.1, \"typical_p\": 0.9}"));
    assertEquals(List.of("min_p"), others("{" + off + ", \"min_p\": 0.1, \"do_sample\": true}"));
    assertEquals(List.of("suppress_tokens"), others("{\"suppress_tokens\": [1]}"));
  }

  private static List<String> others(String json) {
    return GenerationConfig.fromJson(Json.parse(json).getAsJsonObject()).otherOptions();
  }

  @Test
  void whatIsNoCheckpointIsTold() throws IOException {
    assertFails(folder.resolve("nowhere"), "There is no checkpoint", "nowhere");
    assertFails(folder, "neither a config.json nor a .gguf");
    assertFails(Files.writeString(folder.resolve("model.bin"), "x"), "neither a folder nor a GGUF file");
    Files.copy(Fixtures.path("hf/config.json"), folder.resolve("config.json"));
    assertFails(folder, "neither model.safetensors nor");
    Files.writeString(folder.resolve("config.json"), "{");
    assertFails(folder, "config.json is damaged (cut or not JSON");
    Files.writeString(folder.resolve("config.json"), "[]");
    assertFails(folder, "JSON object");
  }

  @Test
  void aMissingAWrongAndAForeignTensorAreNamed() throws IOException {
    copy("hf");
    change("num_hidden_layers", 3);
    assertFails(folder, "model.layers.2.input_layernorm.weight", "missing");
    change("num_hidden_layers", 1);
    try (Warnings warnings = new Warnings()) {
      Checkpoint.open(folder).close();
      warnings.assertOne("9 of the tensors in " + folder, "model.layers.1.");
    }
    change("num_hidden_layers", 2);
    change("vocab_size", 31);
    assertFails(folder, "[30, 16]", "[31, 16]", "embed_tokens.weight");
  }

  @Test
  void shardsThatAreMissingOrElsewhereAreNamed() throws IOException {
    copy("hf-sharded");
    Path index = folder.resolve("model.safetensors.index.json");
    String text = Files.readString(index);
    Files.writeString(index, text.replace("model-00002", "../model-00002"));
    assertFails(folder, "same folder");
    Files.writeString(index, text.replace("model-00002", "model-00003"));
    assertFails(folder, "model-00003-of-00002.safetensors");
    Files.writeString(index, text.replace("model.norm.weight", "model.norm.wight"));
    assertFails(folder, "model.norm.wight");
    Files.writeString(index, "{}");
    assertFails(folder, "weight_map");
  }

  private void copy(String fixture) throws IOException {
    try (var files = Files.list(Fixtures.path(fixture))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
  }

  private void change(String key, int value) throws IOException {
    JsonObject config = JsonFiles.read(folder.resolve("config.json"), CheckpointException::new);
    config.addProperty(key, value);
    Files.writeString(folder.resolve("config.json"), config.toString());
  }

  private static void assertFails(Path path, String... parts) {
    String message = assertThrows(CheckpointException.class, () -> Checkpoint.open(path).close()).getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  /**
   * Sums over a whole 98 MB file, taken once from the gguf package with the q and k rows moved back.
   */
  @Test
  void theDefaultModel() {
    String path = System.getenv("COLDSTART_GGUF");
    Assumptions.assumeTrue(path != null, "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf");
    try (Checkpoint checkpoint = Checkpoint.open(Path.of(path))) {
      assertEquals(272, checkpoint.tensors().tensors().size());
      assertEquals(-7820164.797816753, weighted(checkpoint.tensors(), "model.embed_tokens.weight"), 1e-6);
      assertEquals(32001.198364257812, weighted(checkpoint.tensors(), "model.layers.0.self_attn.q_proj.weight"), 1e-6);
      assertEquals(42919.932846069336, weighted(checkpoint.tensors(), "model.layers.29.self_attn.k_proj.weight"), 1e-6);
      assertEquals(65513.261657714844, weighted(checkpoint.tensors(), "model.layers.17.mlp.down_proj.weight"), 1e-6);
    }
  }

  private static double weighted(TensorSource source, String name) {
    FloatBuffer values = FloatBuffer.wrap(Fixtures.all(source, name));
    double sum = 0;
    for (int i = 0; i < values.limit(); i++) {
      sum += values.get(i) * (i % 1009 + 1.0);
    }
    return sum;
  }
}
