package org.coldstart.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"})
  void everyTypeIsDequantisedToTheBitAsByTheReference(StoredType type) {
    try (BinaryFile file = BinaryFile.open(Fixtures.path("types.gguf"));
        SafetensorsFile truth = SafetensorsFile.open(Fixtures.path("types.safetensors"))) {
      StoredTensor tensor = new GgufHeader(file).tensors().get(type.name());
      assertEquals(type, tensor.info().dtype());
      assertEquals(List.of(2L, 512L), tensor.info().shape());
      float[] expected = Fixtures.all(truth, type.name());
      assertArrayEquals(bits(expected), bits(read(tensor, 0, 1024)));
      // Ranges that begin and end inside blocks.
      for (int[] range : new int[][] {{1, 30}, {31, 34}, {255, 258}, {300, 700}, {1023, 1024}, {512, 512}}) {
        assertArrayEquals(bits(Arrays.copyOfRange(expected, range[0], range[1])),
            bits(read(tensor, range[0], range[1] - range[0])));
      }
    }
  }

  private static float[] read(StoredTensor tensor, long offset, int count) {
    FloatBuffer values = FloatBuffer.allocate(count);
    tensor.read(offset, values);
    return values.array();
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-v2", "llama-v3"})
  void tensorsHaveHuggingFaceNamesAndRowOrder(String name) {
    try (GgufFile file = GgufFile.open(Fixtures.path(name + ".gguf"));
        SafetensorsFile truth = SafetensorsFile.open(Fixtures.path(name + ".safetensors"))) {
      assertEquals(truth.tensors().keySet(), file.tensors().keySet());
      for (TensorInfo info : truth.tensors().values()) {
        assertEquals(info.shape(), file.tensor(info.name()).shape(), info.name());
        assertArrayEquals(Fixtures.all(truth, info.name()), Fixtures.all(file, info.name()), info.name());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.q_proj.bias",
    "self_attn.v_proj.weight"})
  void anyRangeOfAPermutedTensorCanBeRead(String projection) {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"));
        SafetensorsFile truth = SafetensorsFile.open(Fixtures.path("llama-v3.safetensors"))) {
      String name = "model.layers.1." + projection;
      float[] expected = Fixtures.all(truth, name);
      Random random = new Random(1);
      for (int i = 0; i < 200; i++) {
        int from = random.nextInt(expected.length);
        int to = from + random.nextInt(expected.length - from + 1);
        FloatBuffer values = FloatBuffer.allocate(to - from + 2).position(1).limit(to - from + 1);
        file.read(name, from, values);
        assertEquals(values.limit(), values.position());
        assertArrayEquals(Arrays.copyOfRange(expected, from, to), Arrays.copyOfRange(values.array(), 1, to - from + 1));
        assertEquals(0, values.array()[0]);
        assertEquals(0, values.array()[to - from + 1]);
      }
    }
  }

  @Test
  void readsIntoDirectBuffers() {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"))) {
      String name = "model.layers.0.self_attn.q_proj.weight";
      FloatBuffer direct = ByteBuffer.allocateDirect(32 * 32 * 4).asFloatBuffer();
      file.read(name, 0, direct);
      float[] values = new float[32 * 32];
      direct.flip().get(values);
      assertArrayEquals(Fixtures.all(file, name), values);
    }
  }

  @Test
  void theConfigurationComesFromTheMetadata() {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"))) {
      ModelConfig config = file.config();
      assertEquals("LlamaForCausalLM", config.architecture());
      assertEquals(List.of(40, 32, 32, 2, 4, 2, 8, 64),
          List.of(config.vocabSize(), config.hiddenSize(), config.feedForward().intermediateSize(),
              config.numHiddenLayers(), config.attention().heads(), config.attention().keyValueHeads(),
              config.attention().headDim(), config.maxPositionEmbeddings()));
      assertEquals(1e-5, config.norm().eps());
      assertEquals(RopeParameters.plain(10_000), config.attention().rope());
      assertTrue(config.attention().inputBias() && config.feedForward().bias() && !config.tieWordEmbeddings());
      assertEquals(1, config.ids().bos());
      assertEquals(List.of(2), config.ids().eos());
      assertEquals(null, config.ids().pad());
    }
  }

  @Test
  void theRotaryTableOfLlama3BecomesItsParameters() {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v2.gguf"))) {
      assertEquals(new RopeParameters(RopeParameters.Type.LLAMA3, 500_000, 32, 1, 4, 8192),
          file.config().attention().rope());
      assertTrue(file.config().tieWordEmbeddings() && !file.config().attention().inputBias());
    }
  }

  @Test
  void anotherRotaryTableIsRefused(@TempDir Path folder) throws Exception {
    byte[] bytes = Files.readAllBytes(Fixtures.path("llama-v2.gguf"));
    byte[] table = floats(1f, 1f);
    int at = indexOf(bytes, table);
    System.arraycopy(floats(1f, 1.001f), 0, bytes, at, 8);
    try (GgufFile file = GgufFile.open(Files.write(folder.resolve("changed.gguf"), bytes))) {
      CheckpointException e = assertThrows(CheckpointException.class, file::config);
      assertTrue(e.getMessage().contains("rope_freqs.weight"), e.getMessage());
    }
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    for (int i = 0; i <= bytes.length - wanted.length; i++) {
      if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }

  @Test
  void metadataIsTyped() {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"))) {
      GgufMetadata metadata = file.metadata();
      assertEquals("gpt2", metadata.string("tokenizer.ggml.model").orElseThrow());
      List<String> tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
      assertEquals(40, tokens.size());
      assertEquals("t39", tokens.get(39));
      assertEquals(40, metadata.integers("tokenizer.ggml.token_type").orElseThrow().length);
      assertEquals(19.5, metadata.numbers("tokenizer.ggml.scores").orElseThrow()[39]);
      assertEquals(false, metadata.bool("tokenizer.ggml.add_bos_token").orElseThrow());
      assertTrue(metadata.string("no.such.key").isEmpty());
      CheckpointException e = assertThrows(CheckpointException.class, () -> metadata.string("llama.block_count"));
      assertTrue(e.getMessage().contains("llama.block_count"), e.getMessage());
    }
  }

  @Test
  void anUnknownArchitectureIsNamedAndItsMetadataReadable() {
    try (GgufFile file = GgufFile.open(Fixtures.path("types.gguf"))) {
      assertEquals("types", file.metadata().string("general.architecture").orElseThrow());
      CheckpointException e = assertThrows(CheckpointException.class, file::config);
      assertTrue(
          e.getMessage().contains("\"types\"") && e.getMessage().contains("gemma, gemma2, gemma3, llama, qwen2, qwen3"),
          e.getMessage());
      assertThrows(CheckpointException.class, file::tensors);
    }
  }

  @Test
  void aCutFileSaysSo(@TempDir Path folder) throws Exception {
    byte[] bytes = Files.readAllBytes(Fixtures.path("llama-v3.gguf"));
    for (int length : new int[] {0, 3, 7, 20, 100, 1000, bytes.length - 4000, bytes.length - 1000}) {
      Path cut = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(bytes, length));
      CheckpointException e = assertThrows(CheckpointException.class, () -> GgufFile.open(cut).close());
      assertTrue(e.getMessage().contains("cut.gguf"), e.getMessage());
    }
  }

  @Test
  void reachingOutsideATensorIsAnError() {
    try (GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"))) {
      for (String name : List.of("model.layers.0.self_attn.q_proj.weight", "model.norm.weight")) {
        long elements = file.tensor(name).elements();
        assertThrows(CheckpointException.class, () -> file.read(name, elements - 1, FloatBuffer.allocate(2)));
        assertThrows(CheckpointException.class, () -> file.read(name, -1, FloatBuffer.allocate(1)));
      }
      CheckpointException e = assertThrows(CheckpointException.class,
          () -> file.read("model.layers.7.mlp.up_proj.weight", 0, FloatBuffer.allocate(1)));
      assertTrue(e.getMessage().contains("model.layers.7.mlp.up_proj.weight"), e.getMessage());
    }
  }

  @Test
  void afterClosingNothingCanBeRead() {
    GgufFile file = GgufFile.open(Fixtures.path("llama-v3.gguf"));
    file.close();
    CheckpointException e = assertThrows(CheckpointException.class,
        () -> file.read("model.norm.weight", 0, FloatBuffer.allocate(1)));
    assertTrue(e.getMessage().contains("closed"), e.getMessage());
  }
}
