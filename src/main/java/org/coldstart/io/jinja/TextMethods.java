package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.Markup;

/** Python's methods of {@code str}; those that bring bytes into play are left out. */
final class TextMethods {
  /** The methods by name. */
  static final Map<String, Method> ALL = new HashMap<>();

  private TextMethods() {}

  static {
    text("strip chars?", (rt, s, a) -> strip(s, a.text(0, null), true, true));
    text("lstrip chars?", (rt, s, a) -> strip(s, a.text(0, null), true, false));
    text("rstrip chars?", (rt, s, a) -> strip(s, a.text(0, null), false, true));
    text("upper", (rt, s, a) -> s.toUpperCase(Locale.ROOT));
    text("lower", (rt, s, a) -> s.toLowerCase(Locale.ROOT));
    text("casefold", (rt, s, a) -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT));
    text("capitalize", (rt, s, a) -> capitalize(s));
    text("title", (rt, s, a) -> title(s));
    text("swapcase", (rt, s, a) -> swapCase(s));
    text(
        "replace old new count?",
        (rt, s, a) -> replace(rt, s, a.text(0), a.text(1), a.integer(2, -1)));
    text(
        "removeprefix prefix",
        (rt, s, a) -> s.startsWith(a.text(0)) ? s.substring(a.text(0).length()) : s);
    text(
        "removesuffix suffix",
        (rt, s, a) -> s.endsWith(a.text(0)) ? s.substring(0, s.length() - a.text(0).length()) : s);
    text("center width fillchar?", (rt, s, a) -> Padding.center(rt, s, a.integer(0), fill(a)));
    text("ljust width fillchar?", (rt, s, a) -> Padding.left(rt, s, a.integer(0), fill(a)));
    text("rjust width fillchar?", (rt, s, a) -> Padding.right(rt, s, a.integer(0), fill(a)));
    text("zfill width", (rt, s, a) -> Padding.zeros(rt, s, a.integer(0)));
    text("expandtabs tabsize?", (rt, s, a) -> Padding.expandTabs(rt, s, a.integer(0, 8)));
    any(
        "split sep? maxsplit?",
        (rt, s, a) -> Splitting.split(rt, s, a.text(0, null), a.integer(1, -1)));
    any(
        "rsplit sep? maxsplit?",
        (rt, s, a) -> Splitting.splitRight(rt, s, a.text(0, null), a.integer(1, -1)));
    any("splitlines keepends?", (rt, s, a) -> Splitting.lines(rt, s, a.isTrue(0)));
    any("partition sep", (rt, s, a) -> Splitting.partition(s, a.text(0), false));
    any("rpartition sep", (rt, s, a) -> Splitting.partition(s, a.text(0), true));
    any("startswith prefix start? end?", (rt, s, a) -> TextSearch.startsOrEnds(s, a, true));
    any("endswith suffix start? end?", (rt, s, a) -> TextSearch.startsOrEnds(s, a, false));
    any("find sub start? end?", (rt, s, a) -> TextSearch.find(s, a, false));
    any("rfind sub start? end?", (rt, s, a) -> TextSearch.find(s, a, true));
    any("index sub start? end?", (rt, s, a) -> TextSearch.index(s, a, false));
    any("rindex sub start? end?", (rt, s, a) -> TextSearch.index(s, a, true));
    any("count sub start? end?", (rt, s, a) -> TextSearch.count(s, a));
    any("isalpha", (rt, s, a) -> all(s, Character::isLetter));
    any(
        "isdigit",
        (rt, s, a) -> all(s, c -> Character.isDigit(c) || "²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉".indexOf(c) >= 0));
    any("isdecimal", (rt, s, a) -> all(s, Character::isDigit));
    any("isnumeric", (rt, s, a) -> all(s, TextMethods::isNumeric));
    any("isalnum", (rt, s, a) -> all(s, c -> Character.isLetter(c) || isNumeric(c)));
    any("isspace", (rt, s, a) -> all(s, PyText::isSpace));
    any("isascii", (rt, s, a) -> s.chars().allMatch(c -> c < 128));
    any("isprintable", (rt, s, a) -> s.codePoints().allMatch(PyText::isPrintable));
    any(
        "isidentifier",
        (rt, s, a) ->
            !s.isEmpty()
                && (s.charAt(0) == '_' || Character.isUnicodeIdentifierStart(s.codePointAt(0)))
                && s.codePoints().allMatch(Character::isUnicodeIdentifierPart));
    any("isupper", (rt, s, a) -> cased(s, true));
    any("islower", (rt, s, a) -> cased(s, false));
    any(
        "istitle",
        (rt, s, a) -> s.codePoints().anyMatch(Character::isLetter) && s.equals(title(s)));
    ALL.put("join", Method.of("join iterable", TextMethods::join));
    ALL.put("format", (rt, self, args) -> BraceFormat.format(rt, self, args));
    ALL.put(
        "format_map",
        Method.of(
            "format_map mapping",
            (rt, self, a) -> {
              if (!(a.get(0) instanceof Map<?, ?> map)) {
                throw new TemplateException("format_map() argument must be a mapping");
              }
              Map<String, Object> named = new HashMap<>();
              map.forEach((key, value) -> named.put(String.valueOf(key), value));
              return BraceFormat.format(rt, self, new Args(List.of(), named));
            }));
  }

  private interface TextBody {
    Object call(Runtime rt, String self, Bound args);
  }

  /** A method whose result is a text; that of a text marked as HTML is marked too. */
  private static void text(String signature, TextBody body) {
    Method.add(
        ALL,
        signature,
        (rt, self, args) -> {
          String result = (String) body.call(rt, self.toString(), args);
          return self instanceof Markup ? new Markup(result) : result;
        });
  }

  private static void any(String signature, TextBody body) {
    Method.add(ALL, signature, (rt, self, args) -> body.call(rt, self.toString(), args));
  }

  private static int fill(Bound args) {
    String fill = args.text(1, " ");
    if (fill.codePointCount(0, fill.length()) != 1) {
      throw new TemplateException("The fill character must be exactly one character long");
    }
    return fill.codePointAt(0);
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  private static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  static boolean cased(String text, boolean upper) {
    return text.codePoints()
            .anyMatch(c -> upper ? Character.isUpperCase(c) : Character.isLowerCase(c))
        && text.codePoints()
            .noneMatch(
                c ->
                    Character.isTitleCase(c)
                        || (upper ? Character.isLowerCase(c) : Character.isUpperCase(c)));
  }

  /** Without the characters of {@code chars} at its ends; without blanks if that is null. */
  static String strip(String text, String chars, boolean left, boolean right) {
    IntPredicate stripped = chars == null ? PyText::isSpace : c -> chars.indexOf(c) >= 0;
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

  /** With at most {@code count} places replaced; all if it is negative. */
  static String replace(Runtime rt, String text, String old, String replacement, long count) {
    StringBuilder out = new StringBuilder();
    int position = 0;
    for (long n = 0; count < 0 || n < count; n++) {
      int found = text.indexOf(old, position);
      int end = found + old.length();
      if (found < 0 || old.isEmpty() && position == text.length() && n > 0) {
        break;
      }
      if (old.isEmpty() && n > 0) {
        end = text.offsetByCodePoints(position, 1);
        out.append(text, position, end).append(replacement);
      } else {
        out.append(text, position, found).append(replacement);
      }
      position = end;
      if (out.length() > rt.limits.length()) {
        rt.checkText(out.length());
      }
    }
    rt.checkText((long) out.length() + text.length() - position);
    return out.append(text, position, text.length()).toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = Character.charCount(text.codePointAt(0));
    return titleCase(text.substring(0, first)) + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String titleCase(String character) {
    int c = character.codePointAt(0);
    return Character.toTitleCase(c) == c || Character.isTitleCase(Character.toTitleCase(c))
        ? new String(Character.toChars(Character.toTitleCase(c)))
        : character.toUpperCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      String character = new String(Character.toChars(c));
      out.append(inWord ? character.toLowerCase(Locale.ROOT) : titleCase(character));
      inWord = Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }
    return out.toString();
  }

  private static String swapCase(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              String character = new String(Character.toChars(c));
              out.append(
                  Character.isUpperCase(c)
                      ? character.toLowerCase(Locale.ROOT)
                      : character.toUpperCase(Locale.ROOT));
            });
    return out.toString();
  }

  private static Object join(Runtime rt, Object self, Bound args) {
    StringBuilder out = new StringBuilder();
    Iterator<Object> items = Iteration.iterator(rt, args.get(0));
    for (int i = 0; items.hasNext(); i++) {
      Object item = items.next();
      if (!PyText.isText(item)) {
        throw new TemplateException(
            "sequence item " + i + ": expected str instance, " + PyText.typeName(item) + " found");
      }
      out.append(i == 0 ? "" : self.toString())
          .append(self instanceof Markup ? PyText.escaped(item) : item.toString());
      rt.checkText(out.length() > rt.limits.length() ? out.length() : 0);
    }
    rt.checkText(out.length());
    return self instanceof Markup ? new Markup(out.toString()) : out.toString();
  }
}
