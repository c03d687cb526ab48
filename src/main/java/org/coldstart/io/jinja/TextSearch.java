package org.coldstart.io.jinja;

import java.util.List;
import org.coldstart.io.jinja.Method.Bound;

/**
 * Searching a text, or its part from {@code start} to {@code end}; positions count characters (code
 * points).
 */
final class TextSearch {
  private TextSearch() {}

  /** The first or last place of argument 0, or -1. */
  static long find(String text, Bound args, boolean last) {
    String wanted = args.text(0);
    int[] part = part(text, args);
    if (part == null) {
      return -1;
    }
    String within = text.substring(part[0], part[1]);
    int found = last ? within.lastIndexOf(wanted) : within.indexOf(wanted);
    return found < 0 ? -1 : text.codePointCount(0, part[0] + found);
  }

  static long index(String text, Bound args, boolean last) {
    long found = find(text, args, last);
    if (found < 0) {
      throw new TemplateException("substring not found");
    }
    return found;
  }

  /** How often argument 0 occurs, without overlaps. */
  static long count(String text, Bound args) {
    String wanted = args.text(0);
    int[] part = part(text, args);
    if (part == null) {
      return 0;
    }
    String within = text.substring(part[0], part[1]);
    if (wanted.isEmpty()) {
      return within.codePointCount(0, within.length()) + 1L;
    }
    long count = 0;
    for (int at = within.indexOf(wanted);
        at >= 0;
        at = within.indexOf(wanted, at + wanted.length())) {
      count++;
    }
    return count;
  }

  /** Whether the text starts (ends) with argument 0, or with one of it if that is a tuple. */
  static boolean startsOrEnds(String text, Bound args, boolean starts) {
    int[] part = part(text, args);
    String within = part == null ? null : text.substring(part[0], part[1]);
    List<?> candidates = args.get(0) instanceof Tuple tuple ? tuple : List.of(args.text(0));
    boolean any = false;
    for (Object candidate : candidates) {
      if (!PyText.isText(candidate)) {
        throw new TemplateException(
            "tuple for "
                + (starts ? "startswith" : "endswith")
                + " must only contain str, not "
                + PyText.typeName(candidate));
      }
      String wanted = candidate.toString();
      any |= within != null && (starts ? within.startsWith(wanted) : within.endsWith(wanted));
    }
    return any;
  }

  /** The UTF-16 bounds that arguments 1 and 2 name; null where the start lies behind the end. */
  private static int[] part(String text, Bound args) {
    int length = text.codePointCount(0, text.length());
    long start = bound(args.get(1, null), 0, length);
    long end = Math.min(length, bound(args.get(2, null), length, length));
    if (start > end) {
      return null;
    }
    return new int[] {
      text.offsetByCodePoints(0, (int) start), text.offsetByCodePoints(0, (int) end)
    };
  }

  private static long bound(Object value, long otherwise, int length) {
    if (value == null) {
      return otherwise;
    }
    long index = Numbers.index(value);
    return index < 0 ? Math.max(0, index + length) : index;
  }
}
