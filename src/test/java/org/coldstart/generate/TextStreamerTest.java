package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** Characters spread over several tokens are told whole. */
class TextStreamerTest {

  @Test
  void piecesAreWholeCharacters() {
    String text = "Aж🦉 語 ﷽!";
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      int[] ids = tokenizer.encode(text, false).ids();
      List<String> pieces = stream(tokenizer, ids);
      assertEquals(text, String.join("", pieces));
      assertTrue(
          ids.length > text.codePointCount(0, text.length()),
          "some characters take several tokens");
      assertTrue(pieces.size() > 4, "pieces come as they are ready: " + pieces);
      pieces.forEach(piece -> assertTrue(piece.indexOf('\uFFFD') < 0, piece));
    }
  }

  @Test
  void whatEndsInHalfACharacterIsToldAtTheEnd() {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      int[] owl = tokenizer.encode("A🦉", false).ids();
      int[] cut = Arrays.copyOf(owl, owl.length - 1);
      assertEquals(tokenizer.decode(cut, true), String.join("", stream(tokenizer, cut)));
    }
  }

  private static List<String> stream(Tokenizer tokenizer, int[] ids) {
    List<String> pieces = new ArrayList<>();
    TextStreamer stream = new TextStreamer(tokenizer, pieces::add);
    for (int n = 1; n <= ids.length; n++) {
      stream.update(Arrays.copyOf(ids, n), n == ids.length);
    }
    return pieces;
  }
}
