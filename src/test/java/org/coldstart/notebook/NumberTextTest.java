package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumberTextTest {

  @ParameterizedTest
  @CsvSource({"0.5833333, 0.583333, 0.583", "0.3, 0.3, 0.3", "12.34567, 12.3457, 12.3", "12345.6, 12345.6, 12346",
    "3, 3, 3", "-1.25, -1.25, -1.25", "1.14e-10, 1.1e-10, 1.1e-10", "1.4e-05, 0.000014, 1.4e-05", "NaN, NaN, NaN"})
  void areShort(double value, String sixDigits, String threeDigits) {
    assertEquals(sixDigits, NumberText.brief(value));
    assertEquals(threeDigits, NumberText.brief(value, 3));
  }

  @ParameterizedTest
  @CsvSource({"0.42, 0.4 s", "59.4, 59 s", "59.6, 1 min 0 s", "80, 1 min 20 s", "7500, 2 h 5 min"})
  void tellDurations(double seconds, String text) {
    assertEquals(text, NumberText.duration(seconds));
  }
}
