package org.coldstart.notebook;

import java.util.Locale;

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
