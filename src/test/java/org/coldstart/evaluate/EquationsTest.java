package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class EquationsTest {
  @Test
  void findsEquationsWithAndWithoutSpaces() {
    assertEquals(List.of("12 + 3 = 15", "2*7=14"), Equations.in("First 12 + 3 = 15 km, then 2*7=14. 5 of 6."));
  }

  @Test
  void knowsTrueFromFalse() {
    assertTrue(Equations.holds("63-27=36"));
    assertTrue(Equations.holds("2 + 3 * 4 - 6 / 2 = 11"));
    assertTrue(Equations.holds("1 / 4 = 0.25"));
    assertTrue(Equations.holds("10 - 2 - 3 = 5"));
    assertFalse(Equations.holds("63 - 27 = 37"));
    assertFalse(Equations.holds("2 + 3 * 4 = 20"));
    assertFalse(Equations.holds("10 / 3 = 3.33"));
    assertFalse(Equations.holds("10 / 0 = 0"));
  }
}
