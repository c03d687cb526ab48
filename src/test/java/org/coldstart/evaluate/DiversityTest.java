package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Shares counted by hand. */
class DiversityTest {

  @Test
  void distinctCountsOverAllTexts() {
    // 1 2 1 2 | 2 1: pairs 12 21 12, 21 → two different of four; one repeated within its text
    Diversity pairs = Diversity.of(List.of(new int[] {1, 2, 1, 2}, new int[] {2, 1}), 2);
    assertEquals(new Diversity(2, 4, 0.5, 0.25), pairs);
    Diversity tokens = Diversity.of(List.of(new int[] {1, 2, 1, 2}, new int[] {2, 1}), 1);
    assertEquals(new Diversity(1, 6, 2 / 6.0, 2 / 6.0), tokens);
  }

  @Test
  void theExtremes() {
    assertEquals(new Diversity(2, 4, 1, 0), Diversity.of(List.of(new int[] {1, 2, 3}, new int[] {4, 5, 6}), 2));
    assertEquals(0.75, Diversity.of(List.of(new int[] {7, 7, 7, 7, 7}), 2).repetition());
    assertEquals(new Diversity(3, 3, 1 / 3.0, 0),
        Diversity.of(List.of(new int[] {1, 2, 3}, new int[] {1, 2, 3}, new int[] {1, 2, 3}), 3));
  }

  @Test
  void textsWithoutNgramsHaveNoShares() {
    Diversity none = Diversity.of(List.of(new int[] {1}, new int[0]), 2);
    assertEquals(0, none.ngrams());
    assertTrue(Double.isNaN(none.distinct()) && Double.isNaN(none.repetition()));
    assertThrows(IllegalArgumentException.class, () -> Diversity.of(List.of(), 0));
  }
}
