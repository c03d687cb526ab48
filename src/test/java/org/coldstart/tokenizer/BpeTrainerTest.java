package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer trained here has the ids and merges of one trained by Python's tokenizers. */
class BpeTrainerTest {

  private static final Path TRUTH = Path.of("src/test/resources/tokenizer/bpe-training.json");

  private static final class Case {
    String name;
    List<String> texts;
    int vocab_size;
    int min_frequency;
    String[] special_tokens;
    List<String> vocabulary;
    List<String> merges;
    List<String> unseen;
    int[][] ids;
    List<String> decoded;
  }

  @TestFactory
  Stream<DynamicTest> idsAndMergesAreThoseOfPython() throws IOException {
    Case[] cases = new Gson().fromJson(Files.readString(TRUTH), Case[].class);
    return Stream.of(cases).map(truth -> dynamicTest(truth.name, () -> assertAlike(truth)));
  }

  private static void assertAlike(Case truth) {
    BpeMerges bpe = BpeMerges.learn(truth.texts, List.of(truth.special_tokens), truth.vocab_size, truth.min_frequency);
    assertEquals(truth.vocabulary, bpe.tokens());
    assertEquals(truth.merges, bpe.merges());
    BpeTrainer trainer = new BpeTrainer().vocabSize(truth.vocab_size)
      .minFrequency(truth.min_frequency)
      .specialTokens(truth.special_tokens);
    try (Tokenizer tokenizer = trainer.train(truth.texts)) {
      assertEquals(truth.vocabulary.size(), tokenizer.size());
      assertEquals(truth.merges, tokenizer.merges());
      for (int i = 0; i < truth.unseen.size(); i++) {
        String text = truth.unseen.get(i);
        int[] ids = tokenizer.encode(text).ids();
        assertArrayEquals(truth.ids[i], ids, text);
        assertEquals(truth.decoded.get(i), tokenizer.decode(ids), text);
      }
    }
  }

  @Test
  void everyTextComesBack() {
    try (Tokenizer tokenizer = marked().train(List.of("a", "the cat, the mat"))) {
      for (String text : List.of("the cat", "Ünï 漢字 🧠\n\t x", "  ", "'s don't 12")) {
        assertEquals(text, tokenizer.decode(tokenizer.encode(text).ids(), true));
      }
    }
  }

  @Test
  void rolesAreKeptAndSurviveSaving(@TempDir Path folder) {
    try (Tokenizer trained = marked().train(List.of("the cat sat on the mat"))) {
      trained.save(folder);
      try (Tokenizer loaded = Tokenizer.fromPretrained(folder)) {
        for (Tokenizer tokenizer : List.of(trained, loaded)) {
          assertEquals(Optional.of("[BOT]"), tokenizer.bosToken());
          assertEquals(Optional.of("[EOT]"), tokenizer.eosToken());
          assertEquals(0, tokenizer.id("[BOT]"));
          assertEquals(1, tokenizer.id("[EOT]"));
          assertTrue(tokenizer.isSpecial(0) && tokenizer.isSpecial(1));
          assertEquals(0, tokenizer.encode("the cat").ids()[0], "BOS in front");
          assertEquals(1, tokenizer.encode("the cat[EOT]").ids()[3]);
          assertArrayEquals(trained.encode("a mat?").ids(), tokenizer.encode("a mat?").ids());
        }
      }
    }
  }

  @Test
  void manyTextsTakeLittleTime() {
    List<String> texts = IntStream.range(0, 20_000)
      .mapToObj(i -> "Story " + i + " of the " + Integer.toString(i * 7919 % 5000, 36))
      .toList();
    try (Tokenizer tokenizer = new BpeTrainer().vocabSize(2000).train(texts)) {
      assertEquals(2000, tokenizer.size());
    }
  }

  private static BpeTrainer marked() {
    return new BpeTrainer().vocabSize(400).specialTokens("[BOT]", "[EOT]").bosToken("[BOT]").eosToken("[EOT]");
  }

  @Test
  void settingsThatMakeNoSenseAreNamed() {
    List<String> text = List.of("a");
    assertRefused("257", () -> new BpeTrainer().vocabSize(256).specialTokens("[X]").train(text));
    assertRefused("[EOT]", () -> new BpeTrainer().eosToken("[EOT]").train(text));
    assertRefused("differ", () -> new BpeTrainer().specialTokens("a", "a").train(text));
    assertRefused("no text", () -> new BpeTrainer().train(List.of("", "")));
  }

  private static void assertRefused(String part, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
