package org.coldstart.io.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  private static final MemoryTensors TENSORS = new MemoryTensors().with("x", List.of(4L), 1, 2, 3, 4);

  @TempDir
  Path folder;

  @Test
  void writesAndReplaces() throws IOException {
    Path file = folder.resolve("deep/er/config.json");
    AtomicFiles.writeString(file, "old");
    AtomicFiles.writeString(file, "né");
    assertEquals("né", Files.readString(file));
    assertEquals(List.of("config.json"), names(file.getParent()));
  }

  @Test
  void aFullDiskLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("model.safetensors"), "old");
    CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFiles.write(file, temporary -> {
      Files.write(temporary, new byte[100]);
      throw new IOException("No space left on device");
    }));
    assertTrue(e.getMessage().contains(file.toString()) && e.getMessage().contains("disk is full")
        && e.getMessage().contains("intact"), e.getMessage());
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("model.safetensors"), names(folder));
  }

  @Test
  void aSourceThatFailsHalfWayLeavesTheOldFileToo() throws IOException {
    Path file = folder.resolve("model.safetensors");
    SafetensorsWriter.write(file, TENSORS, StoredType.F32);
    byte[] before = Files.readAllBytes(file);
    CheckpointException failure = new CheckpointException("gone");
    TensorSource failing = new TensorSource() {
      @Override
      public Map<String, TensorInfo> tensors() {
        return Map.of("y", new TensorInfo("y", StoredType.F32, List.of(3_000_000L)));
      }

      @Override
      public void read(String name, long offset, FloatBuffer into) {
        if (offset > 0) {
          throw failure;
        }
        into.position(into.limit());
      }

      @Override
      public void close() {}
    };
    assertEquals(failure,
        assertThrows(CheckpointException.class, () -> SafetensorsWriter.write(file, failing, StoredType.F32)));
    assertArrayEquals(before, Files.readAllBytes(file));
    assertEquals(List.of("model.safetensors"), names(folder));
  }

  @Test
  void aDeviceThatIsReallyFull() throws IOException {
    Path full = Path.of("/dev/full");
    Assumptions.assumeTrue(Files.isWritable(full), "this system has no /dev/full");
    Path file = folder.resolve("model.safetensors");
    CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFiles.write(file, temporary -> {
      Files.createSymbolicLink(temporary, full);
      Files.write(temporary, new byte[100], StandardOpenOption.WRITE);
    }));
    assertTrue(e.getMessage().contains("disk is full") && e.getMessage().contains("Nothing was left behind"),
        e.getMessage());
    assertEquals(List.of(), names(folder));
    assertTrue(Files.exists(full));
  }

  @Test
  void anInterruptLeavesTheOldFile() throws IOException {
    Path file = Files.writeString(folder.resolve("model.safetensors"), "old");
    Thread.currentThread().interrupt();
    try {
      CheckpointException e = assertThrows(CheckpointException.class,
          () -> SafetensorsWriter.write(file, TENSORS, StoredType.F32));
      assertTrue(e.getMessage().contains("interrupted"), e.getMessage());
    } finally {
      assertTrue(Thread.interrupted());
    }
    assertEquals("old", Files.readString(file));
    assertEquals(List.of("model.safetensors"), names(folder));
  }

  @Test
  void aFolderIsWrittenBeforeAnythingIsReplaced() throws IOException {
    Path model = folder.resolve("model");
    AtomicFiles.writeFolder(model, temporary -> {
      AtomicFiles.writeString(temporary.resolve("config.json"), "1");
      SafetensorsWriter.write(temporary.resolve("model.safetensors"), TENSORS, StoredType.F32);
    });
    Files.writeString(model.resolve("notes.txt"), "mine");
    CheckpointException e = assertThrows(CheckpointException.class, () -> AtomicFiles.writeFolder(model, temporary -> {
      AtomicFiles.writeString(temporary.resolve("config.json"), "2");
      AtomicFiles.write(temporary.resolve("model.safetensors"),
          file -> { throw new IOException("No space left on device"); });
    }));
    assertTrue(e.getMessage().startsWith("Cannot write " + model + ": the disk is full"), e.getMessage());
    assertEquals("1", Files.readString(model.resolve("config.json")));
    AtomicFiles.writeFolder(model, temporary -> AtomicFiles.writeString(temporary.resolve("config.json"), "3"));
    assertEquals("3", Files.readString(model.resolve("config.json")));
    assertEquals(List.of("config.json", "model.safetensors", "notes.txt"), names(model));
    assertEquals(List.of("model"), names(folder));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().collect(Collectors.toList());
    }
  }
}
