package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Texts cut into parts: {@code split}, {@code rsplit}, {@code splitlines}, {@code partition}. */
final class Splitting {
  private Splitting() {}

  /**
   * At {@code separator}, or at runs of blanks if it is null; at most {@code max} times unless
   * negative.
   */
  static List<Object> split(Runtime rt, String text, String separator, long max) {
    if (separator == null) {
      return words(rt, text, max);
    }
    requireSeparator(separator);
    List<Object> parts = new ArrayList<>();
    int position = 0;
    int found = text.indexOf(separator);
    while (found >= 0 && (max < 0 || parts.size() < max)) {
      parts.add(text.substring(position, found));
      position = found + separator.length();
      found = text.indexOf(separator, position);
    }
    parts.add(text.substring(position));
    rt.checkItems(parts.size());
    return parts;
  }

  /** As {@link #split}, from the right. */
  static List<Object> splitRight(Runtime rt, String text, String separator, long max) {
    if (separator == null || max < 0) {
      return separator == null && max >= 0
          ? wordsRight(text, max)
          : split(rt, text, separator, max);
    }
    requireSeparator(separator);
    List<Object> parts = new ArrayList<>();
    int end = text.length();
    int found = text.lastIndexOf(separator, end - separator.length());
    while (found >= 0 && end >= separator.length() && parts.size() < max) {
      parts.add(text.substring(found + separator.length(), end));
      end = found;
      found = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
    }
    parts.add(text.substring(0, end));
    Collections.reverse(parts);
    rt.checkItems(parts.size());
    return parts;
  }

  private static void requireSeparator(String separator) {
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
  }

  private static List<Object> words(Runtime rt, String text, long max) {
    List<Object> parts = new ArrayList<>();
    int position = skip(text, 0, true);
    while (position < text.length()) {
      if (max >= 0 && parts.size() >= max) {
        parts.add(PyText.stripRight(text.substring(position)));
        return parts;
      }
      int end = skip(text, position, false);
      parts.add(text.substring(position, end));
      position = skip(text, end, true);
    }
    rt.checkItems(parts.size());
    return parts;
  }

  private static int skip(String text, int position, boolean spaces) {
    int at = position;
    while (at < text.length() && PyText.isSpace(text.charAt(at)) == spaces) {
      at++;
    }
    return at;
  }

  private static List<Object> wordsRight(String text, long max) {
    List<Object> parts = new ArrayList<>();
    String rest = PyText.stripRight(text);
    while (!rest.isEmpty() && parts.size() < max) {
      int start = rest.length();
      while (start > 0 && !PyText.isSpace(rest.charAt(start - 1))) {
        start--;
      }
      parts.add(rest.substring(start));
      rest = PyText.stripRight(rest.substring(0, start));
    }
    if (!rest.isEmpty()) {
      parts.add(rest);
    }
    Collections.reverse(parts);
    return parts;
  }

  /** Lines, at all of Python's line ends; a line end at the very end starts no further line. */
  static List<Object> lines(Runtime rt, String text, boolean keepEnds) {
    List<Object> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (isLineEnd(text.charAt(i))) {
        int end = i;
        i += text.startsWith("\r\n", i) ? 1 : 0;
        lines.add(text.substring(start, keepEnds ? i + 1 : end));
        start = i + 1;
      }
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    rt.checkItems(lines.size());
    return lines;
  }

  private static boolean isLineEnd(char c) {
    return c >= '\n' && c <= '\r'
        || c >= 0x1c && c <= 0x1e
        || c == 0x85
        || c == 0x2028
        || c == 0x2029;
  }

  /** What is before the separator, the separator, and what is after it. */
  static Tuple partition(String text, String separator, boolean last) {
    requireSeparator(separator);
    int found = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (found < 0) {
      return last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
    }
    return Tuple.of(
        text.substring(0, found), separator, text.substring(found + separator.length()));
  }
}
