package org.coldstart.io.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stored types, parts, and what an earlier save left in the folder. */
class CheckpointWriterTest {

  @TempDir
  Path folder;

  private void save(Checkpoint source, long maxShardSize) {
    CheckpointWriter.write(folder, source.config(), source.generationConfig(), source.tensors(),
        source.tensors().tensor(ModelConfig.EMBEDDING).dtype(), maxShardSize);
  }

  @Test
  void aLimitMakesPartsThatReadAsTheWhole() throws IOException {
    try (Checkpoint source = Checkpoint.open(Fixtures.path("hf"))) {
      save(source, 5000);
      List<String> parts = names().stream().filter(name -> name.contains("-of-")).toList();
      assertTrue(parts.size() > 2, parts::toString);
      for (int i = 0; i < parts.size(); i++) {
        assertEquals(String.format("model-%05d-of-%05d.safetensors", i + 1, parts.size()), parts.get(i));
        try (SafetensorsFile part = SafetensorsFile.open(folder.resolve(parts.get(i)))) {
          long bytes = part.tensors().values().stream().mapToLong(TensorInfo::bytes).sum();
          assertTrue(bytes <= 5000 || part.tensors().size() == 1, parts.get(i) + ": " + bytes);
        }
      }
      assertIndex(source);
      try (Checkpoint saved = Checkpoint.open(folder)) {
        assertSameValues(source.tensors(), saved.tensors());
      }
    }
  }

  private void assertIndex(Checkpoint source) {
    JsonObject metadata = JsonFiles.read(folder.resolve(Checkpoint.INDEX), CheckpointException::new)
      .getAsJsonObject("metadata");
    long elements = source.tensors().tensors().values().stream().mapToLong(TensorInfo::elements).sum();
    assertEquals(elements, metadata.get("total_parameters").getAsLong());
    assertEquals(4 * elements, metadata.get("total_size").getAsLong());
  }

  @Test
  void weightsOfAnEarlierSaveGoAndOtherFilesStay() throws IOException {
    try (Checkpoint source = Checkpoint.open(Fixtures.path("hf"))) {
      Files.writeString(folder.resolve("notes.txt"), "mine");
      Files.writeString(folder.resolve("adapter_model.safetensors"), "mine");
      save(source, 2000);
      save(source, 9000);
      long parts = names().stream().filter(name -> name.contains("-of-")).count();
      assertTrue(names().contains(String.format("model-%05d-of-%05d.safetensors", parts, parts)));
      save(source, Long.MAX_VALUE);
      assertEquals(List.of("adapter_model.safetensors", "config.json", "generation_config.json", "model.safetensors",
          "notes.txt"), names());
      save(source, 9000);
      assertTrue(!names().contains("model.safetensors"), "it would hide the parts");
    }
  }

  @Test
  void theConfigurationSaysWhatIsStored() {
    try (Checkpoint source = Checkpoint.open(Fixtures.path("hf-sharded"))) {
      save(source, Long.MAX_VALUE);
      JsonObject config = JsonFiles.read(folder.resolve("config.json"), CheckpointException::new);
      assertEquals("bfloat16", config.get(config.has("dtype") ? "dtype" : "torch_dtype").getAsString());
      try (Checkpoint saved = Checkpoint.open(folder)) {
        assertEquals(StoredType.BF16, saved.tensors().tensor("model.norm.weight").dtype());
        assertSameValues(source.tensors(), saved.tensors());
      }
    }
  }

  /** An absent key would mean transformers' default, which is another token. */
  @Test
  void anIdThatIsNullStaysNull() {
    try (Checkpoint source = Checkpoint.open(Fixtures.path("hf"))) {
      JsonObject json = source.config().toJson();
      json.add("bos_token_id", JsonNull.INSTANCE);
      CheckpointWriter.write(folder, ModelConfig.fromJson(json), source.generationConfig(),
          source.tensors(), StoredType.F32, Long.MAX_VALUE);
      try (Checkpoint saved = Checkpoint.open(folder)) {
        assertNull(saved.config().ids().bos());
      }
    }
  }

  private static void assertSameValues(TensorSource expected, TensorSource found) {
    assertEquals(expected.tensors().keySet(), found.tensors().keySet());
    for (String name : expected.tensors().keySet()) {
      assertArrayEquals(Fixtures.all(expected, name), Fixtures.all(found, name), name);
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
