package org.coldstart.io.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.junit.jupiter.api.Test;

class GgufConfigTest {
  /**
   * The metadata of the fixture llama-v3.gguf, with other values for some keys; null takes a key away.
   */
  private static ModelConfig read(Object... changes) {
    Map<String, Object> values = new LinkedHashMap<>(
        Map.of("general.architecture", "llama", "llama.block_count", 2L, "llama.context_length", 64L,
            "llama.embedding_length", 32L, "llama.feed_forward_length", 32L, "llama.attention.head_count", 4L,
            "llama.attention.head_count_kv", 2L, "llama.attention.layer_norm_rms_epsilon", 1e-5));
    for (int i = 0; i < changes.length; i += 2) {
      if (changes[i + 1] == null) {
        values.remove(changes[i]);
      } else {
        values.put((String) changes[i], changes[i + 1]);
      }
    }
    try (BinaryFile file = BinaryFile.open(Fixtures.path("llama-v3.gguf"))) {
      return GgufConfig.read(new GgufMetadata("x.gguf", values), new GgufHeader(file).tensors());
    }
  }

  private static void assertRefused(String key, Object value) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> read(key, value));
    assertTrue(e.getMessage().contains(key) && e.getMessage().contains("x.gguf"), e.getMessage());
  }

  @Test
  void absentKeysHaveTheDefaultsOfLlamaCpp() {
    ModelConfig config = read("llama.attention.head_count_kv", null);
    assertEquals(4, config.attention().keyValueHeads());
    assertEquals(8, config.attention().headDim());
    assertEquals(RopeParameters.plain(10_000), config.attention().rope());
    assertEquals(null, config.ids().bos());
    assertEquals(List.of(), config.ids().eos());
  }

  @Test
  void keysThatAreNeededAreNamed() {
    for (String key : List.of("general.architecture", "llama.block_count", "llama.embedding_length",
        "llama.attention.head_count", "llama.attention.layer_norm_rms_epsilon")) {
      assertRefused(key, null);
    }
  }

  @Test
  void optionsThatChangeTheResultAreRefusedByName() {
    assertRefused("llama.expert_count", 8L);
    assertRefused("llama.attention.causal", false);
    assertRefused("llama.rope.dimension_count", 4L);
    assertRefused("llama.attention.value_length", 16L);
    assertRefused("llama.attention.sliding_window", 4096L);
    assertRefused("llama.attn_logit_softcapping", 50.0);
    assertRefused("llama.some_option_of_tomorrow", 1L);
    assertRefused("llama.rope.scaling.type", "yarn");
    assertRefused("llama.block_count", -1L);
    assertRefused("llama.block_count", "two");
  }

  @Test
  void linearScalingIsRead() {
    RopeParameters expected = new RopeParameters(RopeParameters.Type.LINEAR, 10_000, 4, 1, 1, 0);
    assertEquals(expected,
        read("llama.rope.scaling.type", "linear", "llama.rope.scaling.factor", 4.0).attention().rope());
    assertEquals(expected, read("llama.rope.scale_linear", 4.0).attention().rope());
    assertEquals(RopeParameters.plain(10_000), read("llama.rope.scaling.type", "none").attention().rope());
  }

  @Test
  void aTokenIdBeyondIntIsNamed() {
    CheckpointException e = assertThrows(CheckpointException.class,
        () -> read("tokenizer.ggml.bos_token_id", 0xffffffffL));
    assertTrue(e.getMessage().contains("bos_token_id"), e.getMessage());
  }
}
