package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Tuple;

/** What Python's {@code str} does to texts. */
final class Texts {
  private static final Pattern LINE_END = Pattern.compile("\r\n|[\n\u000b\f\r\u001c-\u001e\u0085\u2028\u2029]");

  private Texts() {}

  static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  /** Whether Python takes the character for space: no-break spaces too, unlike Java. */
  static boolean isSpace(int c) {
    return c == ' ' || c >= 9 && c <= 13 || c >= 28 && c <= 31 || c >= 0x85 && (c == 0x85 || Character.isSpaceChar(c));
  }

  static boolean isDigit(int c) {
    return Character.isDigit(c) || "²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉".indexOf(c) >= 0;
  }

  static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER;
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
    case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED -> false;
    default -> c == ' ' || !Character.isSpaceChar(c);
    };
  }

  /** Whether there are letters with case, and all of them are in upper or in lower case. */
  static boolean isCased(String text, boolean upper) {
    IntPredicate right = upper ? Character::isUpperCase : Character::isLowerCase;
    IntPredicate wrong = upper ? Character::isLowerCase : Character::isUpperCase;
    return text.codePoints().anyMatch(right) && text.codePoints().noneMatch(wrong.or(Character::isTitleCase));
  }

  /** {@code repr(str)}: quotes and escapes. */
  static String quote(String text) {
    String quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? "\"" : "'";
    return text.codePoints()
      .mapToObj(c -> c == quote.charAt(0) ? "\\" + quote : escaped(c))
      .collect(Collectors.joining("", quote, quote));
  }

  private static String escaped(int c) {
    return switch (c) {
    case '\\' -> "\\\\";
    case '\n' -> "\\n";
    case '\r' -> "\\r";
    case '\t' -> "\\t";
    default -> isPrintable(c) ? Character.toString(c)
        : (c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c);
    };
  }

  /** Without the characters of {@code chars} at its ends; without space if that is null. */
  static String strip(String text, String chars, boolean left, boolean right) {
    IntPredicate stripped = chars == null ? Texts::isSpace : c -> chars.indexOf(c) >= 0;
    int start = 0;
    int end = text.length();
    while (left && start < end && stripped.test(text.codePointAt(start))) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && start < end && stripped.test(text.codePointBefore(end))) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(start, end);
  }

  /** {@code text.replace(old, new, count)}; all places are replaced if the count is left out. */
  static String replace(String text, Args args) {
    String old = args.text(0);
    String replacement = args.text(1);
    long count = args.integer(2, -1);
    StringBuilder out = new StringBuilder();
    int position = 0;
    int found = text.indexOf(old);
    for (long n = 0; found >= 0 && (count < 0 || n < count); n++) {
      out.append(text, position, found).append(replacement);
      Budget.growing(out);
      position = found + old.length();
      boolean ended = old.isEmpty() && position == text.length();
      // An empty text is found before each character and at the end.
      int next = old.isEmpty() && !ended ? text.offsetByCodePoints(position, 1) : position;
      found = ended ? -1 : text.indexOf(old, next);
    }
    out.append(text, position, text.length());
    Budget.text(out.length());
    return out.toString();
  }

  /** The first character in title case, the others in lower case. */
  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    String rest = text.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
    return Character.toString(Character.toTitleCase(first)) + rest;
  }

  /** Every letter after a character without case in title case, the others in lower case. */
  static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }
    return out.toString();
  }

  /** At {@code separator}, or at runs of space if null; at most {@code max} times if ≥ 0. */
  static List<Object> split(String text, String separator, long max) {
    List<Object> parts = new ArrayList<>();
    int position = separator == null ? skip(text, 0, true) : 0;
    while (max < 0 || parts.size() < max) {
      int end = separator != null ? text.indexOf(separator(separator), position)
          : position < text.length() ? skip(text, position, false) : -1;
      if (end < 0) {
        break;
      }
      parts.add(text.substring(position, end));
      position = separator != null ? end + separator.length() : skip(text, end, true);
    }
    if (separator != null || position < text.length()) {
      parts.add(text.substring(position));
    }
    Budget.items(parts.size());
    return parts;
  }

  private static int skip(String text, int position, boolean space) {
    int at = position;
    while (at < text.length() && isSpace(text.charAt(at)) == space) {
      at++;
    }
    return at;
  }

  /** As {@link #split}, from the right: the reversed text split, and all reversed back. */
  static List<Object> splitRight(String text, String separator, long max) {
    List<Object> parts = split(reverse(text), separator == null ? null : reverse(separator), max);
    parts.replaceAll(part -> reverse(part.toString()));
    Collections.reverse(parts);
    return parts;
  }

  static String reverse(String text) {
    return new StringBuilder(text).reverse().toString();
  }

  private static String separator(String separator) {
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    return separator;
  }

  /** Lines, at all of Python's line ends; a line end at the very end starts no further line. */
  static List<Object> lines(String text, boolean keepEnds) {
    List<Object> lines = new ArrayList<>();
    Matcher end = LINE_END.matcher(text);
    int start = 0;
    while (end.find()) {
      lines.add(text.substring(start, keepEnds ? end.end() : end.start()));
      start = end.end();
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    Budget.items(lines.size());
    return lines;
  }

  /** What is before the first or last separator, the separator, and what is after it. */
  static Tuple partition(String text, String separator, boolean last) {
    int found = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    int end = found + separator(separator).length();
    return found >= 0 ? Tuple.of(text.substring(0, found), separator, text.substring(end))
        : last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
  }

  /** How often a text occurs, without overlaps. */
  static long count(String text, String wanted) {
    return wanted.isEmpty() ? Values.length(text) + 1 : split(text, wanted, -1).size() - 1L;
  }

  /** Filled up on both sides to a width in characters; CPython's choice of the longer side. */
  static String center(String text, long width, String fill) {
    String padding = pad(text, width, fill);
    int left = padding.length() / 2 + (int) (padding.length() & width & 1);
    return padding.substring(0, left) + text + padding.substring(left);
  }

  /** What fills a text up to a width in characters. */
  static String pad(String text, long width, String fill) {
    long missing = Math.max(0, width - Values.length(text));
    Budget.text(missing);
    return fill.repeat((int) missing);
  }
}
