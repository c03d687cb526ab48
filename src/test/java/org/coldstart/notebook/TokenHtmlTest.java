package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TokenHtmlTest {

  @Test
  void escapesTokensAndShowsBlanks() {
    String html = Show.tokens(List.of("<script>", " sky", "Ġblue", "\n")).content();

    assertFalse(html.contains("<script>"), html);
    assertTrue(html.contains(">&lt;script&gt;</span>"), html);
    assertTrue(html.contains(">·sky</span>"), html);
    assertTrue(html.contains(">·blue</span>"), html);
    assertTrue(html.contains(">⏎</span><br>"), html);
  }

  @Test
  void idsAreHoverTextAndNewTokensStandOut() {
    String html = Show.tokens(List.of("a", "<think>"), new int[] {5, 49152}, id -> id >= 49152).content();

    assertTrue(html.contains("title=\"5\">a<"), html);
    assertTrue(html.contains("font-weight:600;\" title=\"49152\">&lt;think&gt;<"), html);
    assertEquals(1, html.split("font-weight:600", -1).length - 1);
  }

  @Test
  void neighboursDiffer() {
    String[] spans = Show.tokens(List.of("a", "b", "c")).content().split("background:");

    assertFalse(spans[1].substring(0, 22).equals(spans[2].substring(0, 22)));
    assertEquals(spans[1].substring(0, 22), spans[3].substring(0, 22));
  }

  @Test
  void theMaskCountsBothKinds() {
    Rich mask = Show.mask(List.of("user", ":", " 4"), new boolean[] {false, false, true});

    assertTrue(mask.content().contains("1 tokens carry loss"), mask.content());
    assertTrue(mask.content().contains("2 are only read"), mask.content());
    assertEquals("user:[·4]\n[trained] 1, not trained 2", mask.toString());
  }

  @Test
  void lengthsMustAgree() {
    assertThrows(IllegalArgumentException.class, () -> Show.mask(List.of("a", "b"), new boolean[1]));
    assertThrows(IllegalArgumentException.class, () -> Show.tokens(List.of("a", "b"), new int[3]));
  }

  @Test
  void bytesBecomeTextWhereTheyAreWholeCharacters() {
    List<String> byteLevel = List.of("<|im_start|>", "user", "Ċ", "å¾®", "è°ĥ", "æĪ", "ĳ", "Ġcaf", "Ã©", "é");
    assertEquals("[<|im_start|>][user][⏎][微][调][⟨E6 88⟩][⟨91⟩][·caf][é][⟨E9⟩]", Show.tokens(byteLevel).toString());
    assertEquals("[微调]", Show.tokens(List.of("å¾®è°ĥ")).toString());
  }

  @Test
  void aSentencePieceVocabularySpellsCharacters() {
    assertEquals("[·Caf][é][微][⟨E8⟩]", Show.tokens(List.of("▁Caf", "é", "微", "<0xE8>")).toString());
  }
}
