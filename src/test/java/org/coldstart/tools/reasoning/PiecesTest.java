package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PiecesTest {
  @Test
  void digitsStandAlone() {
    // 3 7 _+ _ 4 8 _= _ 8 5 .
    assertEquals(11, Pieces.count("37 + 48 = 85."));
  }

  @Test
  void wordsTakeTheSpaceBeforeThem() {
    // Ana 's _holiday _starts _at _ 9 : 3 0 ?
    assertEquals(11, Pieces.count("Ana's holiday starts at 9:30?"));
  }
}
