package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CombinationTest {
  @Test
  void orderWordingAndOperationPlayNoPart() {
    Combination sum = Combination.of("Ana picked 37 plums and Ben picked 48. How many plums is that?");
    assertEquals(sum, Combination.of("Leo has $48 and spends $37. How much is left?"));
    assertEquals("37,48", sum.key());
  }

  @Test
  void wordsDatesAndPeopleAreOperandsToo() {
    assertEquals("planet", Combination.of("How often does the letter a occur in 'planet'?").key());
    assertEquals("12,5,April,May", Combination.of("How many days is it from 12 April to 5 May?").key());
    assertEquals("17,Tuesday", Combination.of("Maya's holiday starts on a Tuesday. And 17 days later?").key());
    assertEquals("Ana,Ben,Leo", Combination.of("Leo is older than Ben. Ben is older than Ana. Is Leo?").key());
  }

  @Test
  void aQuestionWithoutOperandsIsAnError() {
    assertThrows(IllegalArgumentException.class, () -> Combination.of("Why is the sky blue?"));
  }

  /** The remainders are Python's: {@code zlib.crc32(b"37,48") % 10}. */
  @Test
  void thePartIsTheCrcOfTheKey() {
    assertFalse(new Combination("37,48").heldOut()); // 2
    assertTrue(new Combination("37,49").heldOut()); // 0
    assertFalse(new Combination("planet").heldOut()); // 9
  }
}
