package org.coldstart.io.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.gguf.GgufFile;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Thousands of damaged files: each opens or is refused with a {@link CheckpointException}, without a huge allocation.
 */
class DamageTest {
  private static final int ROUNDS = 400;
  private static final long MOST_BYTES = 32 << 20;

  /** Numbers that lengths, counts and offsets break on. */
  private static final long[] NASTY = {0, 1, -1, 7, 255, 65536, 1 << 30, Integer.MAX_VALUE, 0xffffffffL, Long.MAX_VALUE,
    Long.MIN_VALUE, 1L << 40, 100_000_000};

  @TempDir
  Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama-v2.gguf", "llama-v3.gguf", "types.gguf", "hf/model.safetensors", "halves.safetensors",
    "hf/config.json", "hf/generation_config.json", "hf-sharded/model.safetensors.index.json"})
  void everyDamageIsAnswered(String fixture) throws IOException {
    byte[] intact = Files.readAllBytes(Fixtures.path(fixture));
    Random random = new Random(fixture.hashCode());
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged = damage(intact.clone(), random);
      long before = allocated();
      try {
        open(fixture, damaged);
      } catch (CheckpointException expected) {
        String message = expected.getMessage();
        assertTrue(message.length() <= 1001 && !message.contains("\0"), message);
      } catch (Throwable e) {
        throw new AssertionError("round " + round + " of " + fixture, e);
      }
      long taken = allocated() - before;
      assertTrue(taken < MOST_BYTES, "round " + round + " of " + fixture + " took " + taken + " bytes");
    }
  }

  private static byte[] damage(byte[] bytes, Random random) {
    // Mostly in the head, where the structure is.
    int range = random.nextInt(4) == 0 ? bytes.length : Math.min(bytes.length, 2500);
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      int at = random.nextInt(range);
      switch (random.nextInt(4)) {
      case 0 -> bytes[at] = (byte) random.nextInt();
      case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 2 -> {
        long nasty = NASTY[random.nextInt(NASTY.length)];
        for (int b = 0; b < 8 && at + b < bytes.length; b++) {
          bytes[at + b] = (byte) (nasty >>> 8 * b);
        }
      }
      default -> {
        int length = Math.min(random.nextInt(40), bytes.length - at);
        System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, at, length);
      }
      }
    }
    return random.nextInt(8) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 64)) : bytes;
  }

  private void open(String fixture, byte[] damaged) throws IOException {
    // A new file each time: one that may still be mapped must not be cut.
    Path file = Files.createTempFile(folder, "damaged", ".bin");
    Files.write(file, damaged);
    try {
      open(fixture, file);
    } finally {
      Files.delete(file);
    }
  }

  private static void open(String fixture, Path file) {
    if (fixture.endsWith(".gguf")) {
      try (GgufFile gguf = GgufFile.open(file)) {
        gguf.metadata().keys().size();
        readAll(gguf);
        gguf.generationConfig();
      }
    } else if (fixture.endsWith(".safetensors")) {
      try (SafetensorsFile safetensors = SafetensorsFile.open(file)) {
        readAll(safetensors);
      }
    } else if (fixture.endsWith("index.json")) {
      SafetensorsFile.openIndex(file).close();
    } else if (fixture.endsWith("generation_config.json")) {
      GenerationConfig.fromJson(JsonFiles.read(file, CheckpointException::new), fixture).toJson();
    } else {
      ModelConfig.fromJson(JsonFiles.read(file, CheckpointException::new), fixture).toJson();
    }
  }

  private static void readAll(TensorSource source) {
    for (TensorInfo tensor : source.tensors().values()) {
      source.read(tensor.name(), 0, FloatBuffer.allocate((int) tensor.elements()));
    }
  }

  private static long allocated() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    return threads.getCurrentThreadAllocatedBytes();
  }
}
