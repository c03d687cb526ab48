package org.coldstart.io.jinja;

/** Texts filled up to a width, counted in characters (code points). */
final class Padding {
  private Padding() {}

  static String left(Runtime rt, String text, long width, int fill) {
    return text + fill(rt, missing(text, width), fill);
  }

  static String right(Runtime rt, String text, long width, int fill) {
    return fill(rt, missing(text, width), fill) + text;
  }

  /** In the middle; where the filling is odd, CPython's choice of the longer side. */
  static String center(Runtime rt, String text, long width, int fill) {
    long missing = missing(text, width);
    long before = missing / 2 + (missing & width & 1);
    return fill(rt, before, fill) + text + fill(rt, missing - before, fill);
  }

  /** Zeros on the left, after a sign. */
  static String zeros(Runtime rt, String text, long width) {
    boolean signed = text.startsWith("+") || text.startsWith("-");
    String zeros = fill(rt, missing(text, width), '0');
    return signed ? text.charAt(0) + zeros + text.substring(1) : zeros + text;
  }

  /** Tabs replaced by blanks up to the next multiple of {@code size} in the line. */
  static String expandTabs(Runtime rt, String text, long size) {
    StringBuilder out = new StringBuilder();
    long column = 0;
    for (int c : text.codePoints().toArray()) {
      if (c == '\t') {
        long blanks = size > 0 ? size - column % size : 0;
        rt.checkText(out.length() + blanks);
        out.append(" ".repeat((int) blanks));
        column += blanks;
      } else {
        out.appendCodePoint(c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
    }
    return out.toString();
  }

  private static long missing(String text, long width) {
    return Math.max(0, width - text.codePointCount(0, text.length()));
  }

  static String fill(Runtime rt, long count, int fill) {
    rt.checkText(count);
    return new String(Character.toChars(fill)).repeat((int) count);
  }
}
