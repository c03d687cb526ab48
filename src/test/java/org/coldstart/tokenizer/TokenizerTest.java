package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenizerTest {
  private final Tokenizer tokenizer = Truth.tiny();

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void newTokensCountOnFromTheSizeAndAreFoundBothWays() {
    int size = tokenizer.size();
    assertEquals(2, tokenizer.addTokens("<think>", "</think>"));
    assertEquals(size + 2, tokenizer.size());
    assertEquals(OptionalInt.of(size), tokenizer.tokenToId("<think>"));
    assertEquals("</think>", tokenizer.idToToken(size + 1));
    assertArrayEquals(new int[] {size, size + 1}, tokenizer.encode("<think></think>", false).ids());
    assertEquals(0, tokenizer.addTokens());
  }

  /** tiny's file writes each rule as a pair; with the rules in their order "the" is put together by hand. */
  @Test
  void mergesAreTheRulesInTheOrderLearnt() {
    List<String> merges = tokenizer.merges();
    assertEquals(323, merges.size());
    assertEquals(List.of("Ġ t", "Ġ a", "h e"), merges.subList(0, 3));
    List<String> word = new ArrayList<>(List.of("Ġ", "t", "h", "e"));
    for (String merge : merges) {
      for (int i = 0; i + 1 < word.size(); i++) {
        if (merge.equals(word.get(i) + " " + word.get(i + 1))) {
          word.set(i, word.get(i) + word.remove(i + 1));
        }
      }
    }
    assertEquals(tokenizer.encode(" the", false).tokens(), word);
  }

  @Test
  void onlySpecialTokensAreSkipped() {
    tokenizer.addTokens("<think>");
    tokenizer.addSpecialTokens("<answer>");
    int[] ids = tokenizer.encode("<think>7<answer>").ids();
    assertEquals("<|bos|><think>7<answer>", tokenizer.decode(ids));
    assertEquals("<think>7", tokenizer.decode(ids, true));
    assertFalse(tokenizer.isSpecial(tokenizer.id("<think>")));
    assertTrue(tokenizer.isSpecial(tokenizer.id("<answer>")));
  }

  @Test
  void tokenThatIsThereStaysAsItIs() {
    int size = tokenizer.size();
    int user = tokenizer.id("<|user|>");
    assertEquals(1, tokenizer.addTokens("<think>", "<|user|>"));
    assertEquals(0, tokenizer.addTokens("<think>"));
    assertEquals(size, tokenizer.id("<think>"));
    assertEquals(user, tokenizer.id("<|user|>"));
    assertTrue(tokenizer.isSpecial(user));
    assertEquals(size + 1, tokenizer.size());
    assertEquals(size, tokenizer.loadedSize());
  }

  @Test
  void anAddedTokenCanBecomeSpecial() {
    int size = tokenizer.size();
    assertFalse(tokenizer.isSpecial(tokenizer.id("<|extra|>")));
    assertEquals(0, tokenizer.addSpecialTokens("<|extra|>"));
    assertTrue(tokenizer.isSpecial(tokenizer.id("<|extra|>")));
    assertEquals(size, tokenizer.size());
  }

  @Test
  void tokenThatCannotBeAddedIsAnErrorAndNothingIsAdded() {
    int size = tokenizer.size();
    String piece = refused("<think>", "he");
    assertEquals("token \"he\" is an ordinary piece of text with id " + tokenizer.id("he")
        + "; use id(\"he\"), or mark yours off: \"<he>\"", piece);
    assertTrue(refused("<a>", "<a>").contains("twice"));
    assertTrue(refused("<a>", "").contains("empty"));
    assertTrue(refused("a\ud83d").contains("lone surrogate"));
    assertEquals(size, tokenizer.size());
    assertTrue(tokenizer.tokenToId("<think>").isEmpty());
  }

  @Test
  void unknownIdsAreErrorsThatNameTheSize() {
    int size = tokenizer.size();
    for (int id : new int[] {size, -1, Integer.MAX_VALUE}) {
      String message = assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[] {5, id}))
        .getMessage();
      assertEquals("id " + id + " is not in the vocabulary of " + size + " tokens (0 to " + (size - 1) + ")", message);
    }
    assertThrows(IllegalArgumentException.class, () -> tokenizer.idToToken(size));
    assertThrows(IllegalArgumentException.class, () -> tokenizer.id("<nowhere>"));
  }

  @Test
  void everyTokenIsFoundBothWays() {
    IntStream.range(0, tokenizer.size()).forEach(id -> assertEquals(id, tokenizer.id(tokenizer.idToToken(id))));
  }

  @Test
  void halfACharacterIsAnErrorThatNamesItsPlace() {
    for (String text : List.of("ab\ud83d", "ab\ude42", "ab\ud83dcd", "ab\ude42\ud83d")) {
      String message = assertThrows(IllegalArgumentException.class, () -> tokenizer.encode(text)).getMessage();
      assertTrue(message.contains("index 2"), message);
    }
  }

  @Test
  void tokensOfOneCharacterShareItsSpan() {
    String text = "a𝔘b";
    Encoding encoding = tokenizer.encode(text, false);
    assertEquals(new Span(0, 1), encoding.offsets().get(0));
    assertEquals(new Span(3, 4), encoding.offsets().get(encoding.size() - 1));
    assertEquals(Collections.nCopies(4, new Span(1, 3)), encoding.offsets().subList(1, 5));
  }

  @Test
  void longTextsAreNeitherCutNorPadded() {
    String text = "The dog does not mind. ".repeat(1000);
    Encoding encoding = tokenizer.encode(text, false);
    assertTrue(encoding.size() > 2000, "" + encoding.size());
    assertEquals(text, tokenizer.decode(encoding.ids()));
    assertEquals(1, tokenizer.encode("a", false).size());
  }

  @Test
  void aTextThatGoesOnGetsNoSpaceInFront() {
    assertEquals(tokenizer.encode("dog", false), tokenizer.encodePart("the dog", 4, 7));
    try (Tokenizer llama2 = Tokenizer.fromPretrained(Truth.TINY.resolveSibling("llama2"))) {
      assertEquals(List.of("▁the", "▁dog"), llama2.encodePart("the dog", 0, 7).tokens());
      assertEquals(List.of("he", "▁dog"), llama2.encodePart("the dog", 1, 7).tokens());
      assertEquals(List.of("▁dog", "</s>"), llama2.encodePart("the dog</s>", 3, 11).tokens());
      assertEquals(1, llama2.addTokens("<think>"));
      Encoding goesOn = llama2.encodePart("the<think>the dog", 1, 17);
      assertEquals(List.of("he", "<think>", "▁the", "▁dog"), goesOn.tokens());
      assertEquals(new Span(2, 9), goesOn.offsets().get(1));
      assertEquals(0, llama2.encodePart("the dog", 3, 3).size());
    }
  }

  @Test
  void rolesComeFromTheConfig() {
    assertEquals("<|bos|>", tokenizer.bosToken().orElseThrow());
    assertEquals(OptionalInt.of(1), tokenizer.eosTokenId());
    assertEquals(OptionalInt.of(2), tokenizer.padTokenId());
    assertFalse(tokenizer.specialTokens().containsKey("unk_token"));
  }

  @Test
  void padTokenMustBeAnAddedToken() {
    String unknown = assertThrows(IllegalArgumentException.class, () -> tokenizer.setPadToken("<nowhere>"))
      .getMessage();
    assertTrue(unknown.contains("not a token of this tokenizer"), unknown);
    String ordinary = assertThrows(IllegalArgumentException.class, () -> tokenizer.setPadToken("he")).getMessage();
    assertTrue(ordinary.contains("ordinary"), ordinary);
    tokenizer.addTokens("<fill>");
    tokenizer.setPadToken("<fill>");
    assertEquals(tokenizer.id("<fill>"), tokenizer.padTokenId().orElseThrow());
    assertEquals("", tokenizer.decode(new int[] {tokenizer.id("<fill>")}, true));
  }

  @Test
  void threadsEncodeWhileTokensAreAdded() {
    List<String> texts = Collections.nCopies(2000, "Think first, then answer. <new3>");
    int[] before = tokenizer.encode("Think first, then answer. ", false).ids();
    Thread adder = new Thread(() -> IntStream.range(0, 8).forEach(i -> tokenizer.addTokens("<new" + i + ">")));
    adder.start();
    texts.parallelStream()
      .map(text -> tokenizer.encode(text, false).ids())
      .forEach(ids -> assertArrayEquals(Arrays.copyOf(before, 3), Arrays.copyOf(ids, 3)));
  }

  @Test
  void useAfterCloseIsAClearError() {
    Tokenizer closed = Truth.tiny();
    closed.close();
    closed.close();
    for (Runnable use : List.<Runnable>of(() -> closed.encode("a"), () -> closed.decode(1),
        () -> closed.addTokens("<a>"), closed::size)) {
      assertEquals("this tokenizer is closed", assertThrows(IllegalStateException.class, use::run).getMessage());
    }
  }

  private String refused(String... tokens) {
    return assertThrows(IllegalArgumentException.class, () -> tokenizer.addTokens(tokens)).getMessage();
  }

  @Test
  void nullIsNoToken() {
    try (Tokenizer tokenizer = Truth.tiny()) {
      for (String[] tokens : new String[][] {null, {"<a>", null}}) {
        String message = assertThrows(IllegalArgumentException.class, () -> tokenizer.addTokens(tokens)).getMessage();
        assertTrue(message.startsWith("a token to add is null"), message);
      }
    }
  }
}
