package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ProportionTest {

  /** Wilson's formula worked out in Python with doubles. */
  @Test
  void intervalsAreWilsons() {
    assertInterval(new Proportion(41, 100), 0.318673, 0.507986);
    assertInterval(new Proportion(96, 96), 0.961524, 1);
    assertInterval(new Proportion(0, 48), 0, 0.0741);
    assertInterval(new Proportion(1, 3), 0.061492, 0.792340);
  }

  private static void assertInterval(Proportion share, double low, double high) {
    assertEquals(low, share.low(), 1e-6);
    assertEquals(high, share.high(), 1e-6);
  }

  @Test
  void aShareIsReadableWithItsInterval() {
    assertEquals("41 % (32–51 %)", new Proportion(41, 100).toString());
  }

  @Test
  void impossibleCountsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Proportion(0, 0));
    assertThrows(IllegalArgumentException.class, () -> new Proportion(-1, 3));
    assertThrows(IllegalArgumentException.class, () -> new Proportion(4, 3));
  }
}
