package org.coldstart.io.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.coldstart.fixture.Fixtures;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.fixture.SavesUntilKilled;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files and folders that are not as they should be: one sentence that names what, and where. */
class BadFilesTest {

  @TempDir
  Path folder;

  @Test
  void anIndexThatNamesAMissingPart() throws IOException {
    copy("hf-sharded");
    Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
    assertFails("model-00002-of-00002.safetensors", "missing", "incomplete");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../model.safetensors", "/etc/passwd", "..", "sub/model.safetensors",
    "..\\\\model.safetensors", "C:model.safetensors", ""})
  void anIndexThatLeadsOutOfTheFolder(String name) throws IOException {
    copy("hf-sharded");
    Path index = folder.resolve(Checkpoint.INDEX);
    JsonObject json = JsonFiles.read(index, CheckpointException::new);
    json.getAsJsonObject("weight_map").addProperty("model.norm.weight", name.replace("\\\\", "\\"));
    Files.writeString(index, json.toString());
    assertFails("model.norm.weight", "same folder");
  }

  @Test
  void aTensorThatStandsInTwoParts() throws IOException {
    copy("hf-sharded");
    Path part = folder.resolve("model-00002-of-00002.safetensors");
    MemoryTensors tensors = new MemoryTensors();
    try (SafetensorsFile file = SafetensorsFile.open(part)) {
      file.tensors().forEach((name, info) -> tensors.with(name, info.shape(), Fixtures.all(file, name)));
    }
    String first;
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model-00001-of-00002.safetensors"))) {
      first = file.tensors().keySet().iterator().next();
      tensors.with(first, file.tensor(first).shape(), Fixtures.all(file, first));
    }
    SafetensorsWriter.write(part, tensors, StoredType.BF16);
    assertFails(first, "twice", "model-00001-of-00002", "model-00002-of-00002");
  }

  @Test
  void aTensorOfAnotherShape() throws IOException {
    copy("hf");
    JsonObject config = JsonFiles.read(folder.resolve("config.json"), CheckpointException::new);
    config.addProperty("intermediate_size", 33);
    Files.writeString(folder.resolve("config.json"), config.toString());
    assertFails("gate_proj.weight", "has the shape [", "asks for [33, ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"})
  void aConfigurationWithoutAFieldItNeeds(String key) throws IOException {
    copy("hf");
    JsonObject config = JsonFiles.read(folder.resolve("config.json"), CheckpointException::new);
    config.remove(key);
    Files.writeString(folder.resolve("config.json"), config.toString());
    assertFails(key, "missing", "config.json");
  }

  @Test
  void aHeadBesideTiedEmbeddingsCountsOnlyWhereItDiffers() throws IOException {
    try (Checkpoint source = Checkpoint.open(Fixtures.path("hf"))) {
      assumeTrue(!source.config().tieWordEmbeddings());
    }
    copy("hf");
    JsonObject config = JsonFiles.read(folder.resolve("config.json"), CheckpointException::new);
    config.addProperty("tie_word_embeddings", true);
    Files.writeString(folder.resolve("config.json"), config.toString());
    try (Warnings warnings = new Warnings(); Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertFalse(checkpoint.config().tieWordEmbeddings());
      warnings.assertOne("tie_word_embeddings", "lm_head.weight", folder.toString());
    }
    MemoryTensors tensors = new MemoryTensors();
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
      file.tensors()
        .forEach((name, info) -> tensors.with(name, info.shape(),
            Fixtures.all(file, name.equals(ModelConfig.HEAD) ? ModelConfig.EMBEDDING : name)));
    }
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, StoredType.F32);
    try (Warnings warnings = new Warnings(); Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertTrue(checkpoint.config().tieWordEmbeddings());
      warnings.assertNone();
    }
  }

  @Test
  void aSaveIntoAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("model"), "mine");
    assertSaveFails(file, "is a file, not a folder");
    assertEquals("mine", Files.readString(file));
    assertSaveFails(file.resolve("deeper"), file.toString());
  }

  @Test
  void aSaveIntoAFolderWithoutTheRight() throws IOException {
    Path locked = Files.createDirectory(folder.resolve("locked"));
    assumeTrue(locked.toFile().setWritable(false), "this system has no read-only folders");
    // Root may write anywhere but where the kernel itself says no.
    Path target = Files.isWritable(locked) ? Path.of("/proc/self") : locked;
    assumeTrue(Files.isDirectory(target), "this user may write everywhere");
    try {
      assertSaveFails(target, target.toString());
      assertSaveFails(target.resolve("new"), target.toString());
    } finally {
      locked.toFile().setWritable(true);
    }
    assertEquals(List.of(), names(locked));
  }

  /** A child that may write no file above 64 KiB, as on a disk with no more room than that. */
  @Test
  void aSaveOntoAFullDisk() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "ulimit needs a shell");
    Path model = folder.resolve("model");
    SavesUntilKilled.save(model, 1);
    List<String> before = names(model);
    Process child = new ProcessBuilder("/bin/sh", "-c", "trap '' XFSZ; ulimit -f 128; exec \"$@\"", "sh",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m", "-XX:-UsePerfData", "-cp",
        System.getProperty("java.class.path"), SavesUntilKilled.class.getName(), model.toString(), "2")
      .redirectErrorStream(true)
      .start();
    String said = new String(child.getInputStream().readAllBytes());
    assertTrue(child.waitFor(60, TimeUnit.SECONDS) && child.exitValue() != 0, said);
    assertTrue(said.contains("Cannot write " + model) && said.contains("What was there before is intact."), said);
    assertEquals(before, names(model));
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
      assertEquals(1, checkpoint.config().ids().pad());
      float[] norm = Fixtures.all(checkpoint.tensors(), "model.norm.weight");
      assertEquals(1, FloatBuffer.wrap(norm).get(0));
    }
  }

  private static void assertSaveFails(Path target, String... parts) {
    assertMessage(assertThrows(CheckpointException.class, () -> SavesUntilKilled.save(target, 1)), parts);
  }

  private void assertFails(String... parts) {
    assertMessage(assertThrows(CheckpointException.class, () -> Checkpoint.open(folder).close()), parts);
  }

  private static void assertMessage(Exception e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }

  private void copy(String fixture) throws IOException {
    for (String name : names(Fixtures.path(fixture))) {
      Files.copy(Fixtures.path(fixture).resolve(name), folder.resolve(name));
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
