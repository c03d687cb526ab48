package org.coldstart.notebook;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Numbers and durations for people, the same in every locale. */
final class NumberText {

  private NumberText() {}

  /** At most six significant digits: 0.199653, 12.5, 3, 1.1e-10. */
  static String brief(double value) {
    return brief(value, 6);
  }

  /** The same with at most so many significant digits, and never fewer than the whole number's. */
  static String brief(double value, int digits) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) {
      return String.valueOf((long) value);
    }
    double size = Math.abs(value);
    if (size < Math.min(1e-4, Math.pow(10, 1 - digits)) || size >= 1e9 || Double.isNaN(value)) {
      return String.format(Locale.ROOT, "%.1e", value);
    }
    int decimals = Math.max(0, digits - String.valueOf((long) size).replaceFirst("^0", "").length());
    String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }

  /**
   * Numbers one below the other, all in the same form: whole ones as such; fractions with as many places as the value
   * with most has, at most six below 1 and five digits in all above; where that would leave less than two digits of the
   * smallest, powers of ten.
   */
  static List<String> column(double[] values) {
    double[] sizes = DoubleStream.of(values).map(Math::abs).filter(v -> v > 0 && v < 1e300).toArray();
    double largest = DoubleStream.of(sizes).max().orElse(0);
    double smallest = DoubleStream.of(sizes).min().orElse(1);
    int most = largest < 1 ? 6 : Math.max(1, 5 - String.valueOf((long) largest).length());
    boolean whole = DoubleStream.of(sizes).allMatch(v -> v == Math.rint(v));
    if (largest >= 1e9 || !whole && smallest < Math.pow(10, 1 - most)) {
      return texts(values, "%.2e");
    }
    int places = whole ? 0
        : IntStream.range(1, most)
          .filter(p -> DoubleStream.of(sizes).allMatch(v -> isExact(v, p, most)))
          .findFirst()
          .orElse(most);
    return texts(values, "%." + places + "f");
  }

  /** Whether a value written with so many places is the one written with most of them. */
  private static boolean isExact(double value, int places, int most) {
    return new BigDecimal(value).setScale(most, RoundingMode.HALF_EVEN).stripTrailingZeros().scale() <= places;
  }

  private static List<String> texts(double[] values, String format) {
    return DoubleStream.of(values).mapToObj(v -> String.format(Locale.ROOT, format, v)).toList();
  }

  /** 0.4 s, 12 s, 1 min 20 s, 2 h 5 min. */
  static String duration(double seconds) {
    if (seconds < 9.95) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    return whole < 3600 ? whole / 60 + " min " + whole % 60 + " s" : whole / 3600 + " h " + whole % 3600 / 60 + " min";
  }
}
