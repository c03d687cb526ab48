package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
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

  @ParameterizedTest
  @CsvSource({"0.25 0.5, 0.25 0.50", "0.000271 0.0001 0.000014, 0.000271 0.000100 0.000014",
    "0.2 1.14e-10, 2.00e-01 1.14e-10", "2.94631 12.5, 2.946 12.500", "12345.6 3, 12345.6 3.0", "3 0, 3 0",
    "0.999 0.0000001, 9.99e-01 1.00e-07", "-1.5 2, -1.5 2.0", "2e9 1, 2.00e+09 1.00e+00"})
  void haveOneFormInAColumn(String values, String texts) {
    double[] column = Arrays.stream(values.split(" ")).mapToDouble(Double::parseDouble).toArray();
    assertEquals(List.of(texts.split(" ")), NumberText.column(column));
  }
}
