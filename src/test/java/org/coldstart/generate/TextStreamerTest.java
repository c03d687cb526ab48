package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streamed pieces are whole characters and join to the text that all ids decode to. */
class TextStreamerTest {

  @Test
  void piecesAreWholeCharacters() {
    String text = "Aж🦉 語 ﷽!";
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      int[] ids = tokenizer.encode(text, false).ids();
      List<String> pieces = stream(tokenizer, ids);
      assertEquals(text, String.join("", pieces));
      assertTrue(ids.length > text.codePointCount(0, text.length()), "some characters take several tokens");
      assertTrue(pieces.size() > 4, "pieces come as they are ready: " + pieces);
      pieces.forEach(piece -> assertTrue(piece.indexOf('\uFFFD') < 0, piece));
    }
  }

  @Test
  void whatEndsInHalfACharacterIsHandedOutAtTheEnd() {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      int[] owl = tokenizer.encode("A🦉", false).ids();
      int[] cut = Arrays.copyOf(owl, owl.length - 1);
      assertEquals(tokenizer.decode(cut, true), String.join("", stream(tokenizer, cut)));
    }
  }

  /** Byte-level BPE, and SentencePiece with and without a space in front of every text. */
  @ParameterizedTest
  @ValueSource(strings = {"tiny", "qwen", "llama2", "gemma"})
  void piecesJoinToTheWholeText(String name) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer", name))) {
      String special = tokenizer.eosToken().orElse("the");
      tokenizer.addTokens("<think>");
      for (String text : VariedTexts.of(11, 400, special, "<think>", " the", "  a")) {
        int[] ids = tokenizer.encode(text).ids();
        assertEquals(tokenizer.decode(ids, true), String.join("", stream(tokenizer, ids)), "of: " + text);
      }
    }
  }

  /** A hot model writes bytes that make no characters. */
  @Test
  void piecesOfRandomTokensJoinToTheWholeText() {
    Random random = new Random(5);
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      for (int i = 0; i < 300; i++) {
        int[] ids = random.ints(40, 0, tokenizer.size()).toArray();
        assertEquals(tokenizer.decode(ids, true), String.join("", stream(tokenizer, ids)));
      }
    }
  }

  @Test
  void aLongReplyIsNotDecodedAnewForEachToken() {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      int[] ids = tokenizer.encode("So it goes, 語, on and on. ".repeat(200), false).ids();
      List<Integer> decoded = new ArrayList<>();
      StringBuilder text = new StringBuilder();
      TextStreamer stream = new TextStreamer(part -> {
        decoded.add(part.length);
        return tokenizer.decode(part, true);
      }, text::append);
      IntStream.of(ids).forEach(stream::put);
      stream.end();
      assertEquals(tokenizer.decode(ids, true), text.toString());
      assertTrue(decoded.stream().allMatch(length -> length <= 8), "a few tokens at a time");
    }
  }

  private static List<String> stream(Tokenizer tokenizer, int[] ids) {
    List<String> pieces = new ArrayList<>();
    TextStreamer stream = new TextStreamer(part -> tokenizer.decode(part, true), pieces::add);
    IntStream.of(ids).forEach(stream::put);
    stream.end();
    return pieces;
  }
}
