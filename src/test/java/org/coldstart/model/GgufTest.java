package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.gguf.GgufFile;
import org.coldstart.io.gguf.GgufMetadata;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.tokenizer.TokenizerException;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written as GGUF is read back as the same; what llama.cpp makes of it is in LlamaCppReadsTest. */
class GgufTest {

  private static final String[] TAGS = {"<think>", "</think>", "<|reasoning|>"};
  private static final String PROMPT = "<think>2 + 3</think> Hello";

  @TempDir
  Path folder;

  @ParameterizedTest
  @CsvSource({"llama-tied,tiny", "llama-untied,tiny", "llama-bias,tiny", "llama-linear-rope,tiny", "llama-kv1,llama2",
    "qwen2,qwen", "qwen3,qwen", "gemma,gemma"})
  void itIsReadBackAsTheSameModel(String name, String words) {
    Path file = folder.resolve("model.gguf");
    try (CausalLm model = ParityCase.of(name).model(); Tokenizer tokenizer = tokenizer(words)) {
      model.resizeTokenEmbeddings(tokenizer.size() + 3);
      Gguf.save(model, tokenizer, file, GgufType.F32);
      try (CausalLm again = CausalLm.fromPretrained(file); Tokenizer same = Tokenizer.fromPretrained(file)) {
        assertSame(model.config(), again.config());
        assertTrue(again.generationConfig().eosTokenIds().containsAll(model.generationConfig().eosTokenIds()));
        int[] ids = tokenizer.encode(PROMPT).ids();
        // A Gemma's 1 + weight is rounded, everything else the same to the bit.
        double tolerance = words.equals("gemma") ? 1e-4 : 0;
        assertClose(Arrays32.logits(model, ids, Precision.F32), Arrays32.logits(again, ids, Precision.F32), tolerance,
            "logits");
        assertEquals(tokenizer.size(), same.size());
        assertEquals(tokenizer.eosToken(), same.eosToken());
        assertEquals(tokenizer.bosToken(), same.bosToken());
        assertEquals(tokenizer.padToken(), same.padToken());
        for (String text : VariedTexts.of(3, 200, TAGS)) {
          assertArrayEquals(tokenizer.encode(text).ids(), same.encode(text).ids(), () -> "ids of \"" + text + '"');
        }
        List<Message> messages = List.of(Message.user("Hello"));
        assertEquals(tokenizer.applyChatTemplate(messages, true), same.applyChatTemplate(messages, true));
      }
    }
  }

  private static void assertSame(ModelConfig expected, ModelConfig found) {
    assertEquals(expected.architecture(), found.architecture());
    assertEquals(expected.feedForward(), found.feedForward());
    assertEquals(expected.norm(), found.norm());
    assertEquals(expected.logitSoftcap(), found.logitSoftcap());
    assertEquals(expected.tensorShapes(), found.tensorShapes());
    assertEquals(expected.maxPositionEmbeddings(), found.maxPositionEmbeddings());
    AttentionConfig attention = expected.attention();
    assertEquals(attention.ropes(), found.attention().ropes());
    assertEquals(attention.layerTypes(), found.attention().layerTypes());
    assertEquals(attention.scale(), found.attention().scale());
  }

  private static Tokenizer tokenizer(String words) {
    Tokenizer tokenizer = words.equals("tiny") ? TinyTokenizer.chat()
        : Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer").resolve(words));
    tokenizer.addTokens(TAGS);
    return tokenizer;
  }

  /** A weight lies at most half a step of its type from what is stored, and by what the scale is rounded in f16. */
  @ParameterizedTest
  @EnumSource(GgufType.class)
  void everyTypeIsReadBackCloseToTheWeights(GgufType type) {
    double step = switch (type) {
    case F32 -> 0;
    case F16 -> 1.0 / 2048;
    case BF16 -> 1.0 / 256;
    case Q8_0 -> 1.0 / 220;
    case Q4_0 -> 1.0 / 7;
    case Q4_1 -> 1.0 / 13;
    };
    Path file = folder.resolve("model.gguf");
    save("llama-untied", file, type);
    try (GgufFile found = GgufFile.open(file); CausalLm model = grown("llama-untied")) {
      assertEquals(givenAs(type.stored()), found.tensor("model.layers.0.mlp.up_proj.weight").dtype());
      boolean quantised = type.stored().quantized();
      assertEquals(quantised ? StoredType.Q8_0 : givenAs(type.stored()), found.tensor("lm_head.weight").dtype());
      assertEquals(StoredType.F32, found.tensor("model.norm.weight").dtype());
      model.parameters().forEach((name, array) -> {
        float[] expected = array.toFloatArray();
        float[] values = org.coldstart.fixture.Fixtures.all(found, name);
        float largest = 0;
        for (float value : expected) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertClose(expected, values, step * largest + 1e-7, name);
      });
    }
  }

  /** A reader gives halves out as f32. */
  private static StoredType givenAs(StoredType stored) {
    return stored == StoredType.F16 || stored == StoredType.BF16 ? StoredType.F32 : stored;
  }

  private static CausalLm grown(String name) {
    CausalLm model = ParityCase.of(name).model();
    try (Tokenizer tokenizer = tokenizer("tiny")) {
      model.resizeTokenEmbeddings(tokenizer);
    }
    return model;
  }

  private static void save(String name, Path file, GgufType type) {
    try (CausalLm model = grown(name); Tokenizer tokenizer = tokenizer("tiny")) {
      Gguf.save(model, tokenizer, file, type);
    }
  }

  @Test
  void theMetadataSayAllThatLlamaCppAsksFor() {
    Path file = folder.resolve("think-Q8_0.gguf");
    try (CausalLm model = ParityCase.of("llama-tied").model(); Tokenizer tokenizer = tokenizer("tiny")) {
      tokenizer.setChatTemplate("{% for m in messages %}{%- generation -%}{{ m.content }}{% endgeneration %}{% endfor %}");
      model.resizeTokenEmbeddings(tokenizer.size() + 2);
      Gguf.save(model, tokenizer, file, GgufType.Q8_0);
      try (GgufFile found = GgufFile.open(file)) {
        GgufMetadata metadata = found.metadata();
        assertEquals(Optional.of("llama"), metadata.string("general.architecture"));
        assertEquals(Optional.of("think-Q8_0"), metadata.string("general.name"));
        assertEquals(7, metadata.integer("general.file_type").orElseThrow());
        assertEquals(2, metadata.integer("general.quantization_version").orElseThrow());
        assertEquals(Optional.of("gpt2"), metadata.string("tokenizer.ggml.model"));
        assertEquals(Optional.of("gpt-2"), metadata.string("tokenizer.ggml.pre"));
        assertEquals(Optional.of(true), metadata.bool("tokenizer.ggml.add_bos_token"));
        assertEquals(Optional.of(false), metadata.bool("tokenizer.ggml.add_eos_token"));
        assertEquals(1, metadata.integer("tokenizer.ggml.eos_token_id").orElseThrow());
        assertEquals(2, metadata.integer("tokenizer.ggml.eot_token_id").orElseThrow(), "the model's own end");
        assertEquals(Optional.of("{% for m in messages %}{%- if true -%}{{ m.content }}{% endif %}{% endfor %}"),
            metadata.string("tokenizer.chat_template"));
        List<String> tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
        long[] kinds = metadata.integers("tokenizer.ggml.token_type").orElseThrow();
        assertEquals(model.config().vocabSize(), tokens.size());
        int think = tokenizer.id("<think>");
        // user-defined, twice; looks like a control token; two rows without token
        assertArrayEquals(new long[] {4, 4, 3, 5, 5}, Arrays.copyOfRange(kinds, think, kinds.length));
        assertEquals("[PAD" + (tokens.size() - 1) + "]", tokens.get(tokens.size() - 1));
        assertFalse(found.tensors().containsKey(ModelConfig.HEAD), "tied heads are left out");
      }
    }
  }

  @Test
  void theSameModelGivesTheSameBytes() throws IOException {
    save("llama3-rope", folder.resolve("model.gguf"), GgufType.Q4_1);
    byte[] first = Files.readAllBytes(folder.resolve("model.gguf"));
    save("llama3-rope", folder.resolve("model.gguf"), GgufType.Q4_1);
    assertArrayEquals(first, Files.readAllBytes(folder.resolve("model.gguf")));
  }

  @Test
  void theModelfileHasTemplateAndStops() throws IOException {
    save("llama-tied", folder.resolve("tiny.gguf"), GgufType.F16);
    assertEquals("""
        FROM ./tiny.gguf
        TEMPLATE \"""{{ range .Messages }}<|bos|>{{ if eq .Role "assistant" }}assistant{{ else }}{{ .Role }}{{ end }}
        {{ .Content }}<|eos|>
        {{ end }}<|bos|>assistant
        \"""
        PARAMETER stop "<|eos|>"
        PARAMETER stop "<|pad|>"
        """, Files.readString(folder.resolve("Modelfile")));
  }

  @ParameterizedTest
  @CsvSource({"mistral-window,sliding_window", "qwen3-untied,attention_bias", "gemma3,query_pre_attn_scalar"})
  void whatLlamaCppComputesOtherwiseIsRefused(String name, String option) {
    try (CausalLm model = ParityCase.of(name).model(); Tokenizer tokenizer = tokenizer("tiny")) {
      model.resizeTokenEmbeddings(tokenizer);
      CheckpointException e = assertThrows(CheckpointException.class,
          () -> Gguf.save(model, tokenizer, folder.resolve("x.gguf"), GgufType.F32));
      assertTrue(e.getMessage().contains('"' + option + '"') && e.getMessage().contains("Pretrained.save"),
          e.getMessage());
      assertNothingThere();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"use_regex\":true->use_regex\":false|rule for words", "\"rstrip\":false->\"rstrip\":true|rstrip"})
  void aTokenizerThatLlamaCppReadsOtherwiseIsRefused(String change) throws IOException {
    String[] parts = change.split("->|\\|");
    Path words = folder.resolve("words");
    try (Tokenizer tokenizer = tokenizer("tiny"); CausalLm model = grown("llama-tied")) {
      tokenizer.save(words);
      Path file = words.resolve("tokenizer.json");
      String json = Files.readString(file).replaceAll("\\s*\n\\s*|(?<=\": )|(?<=\":) ", "");
      assertTrue(json.contains(parts[0]));
      Files.writeString(file, json.replace(parts[0], parts[1]));
      Files.delete(words.resolve("tokenizer_config.json"));
      try (Tokenizer changed = Tokenizer.fromPretrained(words)) {
        TokenizerException e = assertThrows(TokenizerException.class,
            () -> Gguf.save(model, changed, folder.resolve("x.gguf"), GgufType.F32));
        assertTrue(e.getMessage().contains(parts[2]) && e.getMessage().contains("Pretrained.save"), e.getMessage());
      }
    }
  }

  @Test
  void aModelThatDivergedIsRefused() throws IOException {
    try (CausalLm model = grown("llama-tied"); Tokenizer tokenizer = tokenizer("tiny")) {
      model.parameters().get("model.layers.1.mlp.up_proj.weight").set(new ai.djl.ndarray.index.NDIndex("0, 0"), Float.NaN);
      CheckpointException e = assertThrows(CheckpointException.class,
          () -> Gguf.save(model, tokenizer, folder.resolve("x.gguf"), GgufType.Q8_0));
      assertTrue(e.getMessage().contains("model.layers.1.mlp.up_proj.weight"), e.getMessage());
      assertNothingThere();
    }
  }

  @Test
  void anUnknownTypeIsNamedWithTheKnownOnes() {
    assertEquals(GgufType.Q8_0, GgufType.of("q8_0"));
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> GgufType.of("Q4_K_M"));
    assertTrue(e.getMessage().contains("Q4_K_M") && e.getMessage().contains("Q8_0, Q4_0, Q4_1")
        && e.getMessage().contains("llama-quantize"), e.getMessage());
  }

  @Test
  void aFullDiskLosesNothing() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=250k", "none", disk.toString()),
        "mounting a small disk takes root");
    try {
      Path file = disk.resolve("tiny.gguf");
      save("llama-tied", file, GgufType.Q4_0);
      byte[] before = Files.readAllBytes(file);
      CheckpointException e = assertThrows(CheckpointException.class, () -> save("llama-tied", file, GgufType.F32));
      assertTrue(e.getMessage().contains("disk is full") && e.getMessage().contains("intact"), e.getMessage());
      assertArrayEquals(before, Files.readAllBytes(file));
      try (Stream<Path> files = Files.list(disk)) {
        assertEquals(List.of("Modelfile", "tiny.gguf"),
            files.map(each -> each.getFileName().toString()).sorted().toList());
      }
    } finally {
      run("umount", disk.toString());
    }
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
  }

  private void assertNothingThere() {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
