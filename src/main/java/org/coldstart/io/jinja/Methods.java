package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.View;

/** The methods of Python's types that change nothing. */
final class Methods {
  private static final Map<String, Builtin> TEXT = new HashMap<>();
  private static final Map<String, Builtin> DICT = new HashMap<>();
  private static final Map<String, Builtin> LIST = new HashMap<>();

  private Methods() {}

  /** The methods of a value by name. */
  static Map<String, Builtin> of(Object value) {
    return value instanceof String ? TEXT : value instanceof Map ? DICT : value instanceof List ? LIST : Map.of();
  }

  static {
    text("strip chars?", (s, a) -> Texts.strip(s, a.text(0, null), true, true));
    text("lstrip chars?", (s, a) -> Texts.strip(s, a.text(0, null), true, false));
    text("rstrip chars?", (s, a) -> Texts.strip(s, a.text(0, null), false, true));
    text("upper", (s, a) -> s.toUpperCase(Locale.ROOT));
    text("lower", (s, a) -> s.toLowerCase(Locale.ROOT));
    text("casefold", (s, a) -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT));
    text("capitalize", (s, a) -> Texts.capitalize(s));
    text("title", (s, a) -> Texts.title(s));
    text("replace old new count?", Texts::replace);
    text("removeprefix prefix", (s, a) -> s.startsWith(a.text(0)) ? s.substring(a.text(0).length()) : s);
    text("removesuffix suffix", (s, a) -> s.endsWith(a.text(0)) ? s.substring(0, s.length() - a.text(0).length()) : s);
    text("center width fillchar?", (s, a) -> Texts.center(s, a.integer(0), a.text(1, " ")));
    text("ljust width fillchar?", (s, a) -> s + Texts.pad(s, a.integer(0), a.text(1, " ")));
    text("rjust width fillchar?", (s, a) -> Texts.pad(s, a.integer(0), a.text(1, " ")) + s);
    text("zfill width", (s, a) -> zeroFill(s, Texts.pad(s, a.integer(0), "0")));
    text("split sep? maxsplit?", (s, a) -> Texts.split(s, a.text(0, null), a.integer(1, -1)));
    text("rsplit sep? maxsplit?", (s, a) -> Texts.splitRight(s, a.text(0, null), a.integer(1, -1)));
    text("splitlines keepends?", (s, a) -> Texts.lines(s, a.isTrue(0)));
    text("partition sep", (s, a) -> Texts.partition(s, a.text(0), false));
    text("rpartition sep", (s, a) -> Texts.partition(s, a.text(0), true));
    text("startswith prefix start? end?", (s, a) -> startsOrEnds(s, a, String::startsWith));
    text("endswith suffix start? end?", (s, a) -> startsOrEnds(s, a, String::endsWith));
    text("find sub start? end?", (s, a) -> find(s, a, String::indexOf));
    text("rfind sub start? end?", (s, a) -> find(s, a, String::lastIndexOf));
    text("index sub start? end?", (s, a) -> {
      long found = find(s, a, String::indexOf);
      if (found < 0) {
        throw new TemplateException("substring not found");
      }
      return found;
    });
    text("count sub start? end?", (s, a) -> Texts.count(part(s, a), a.text(0)));
    text("isalpha", (s, a) -> Texts.all(s, Character::isLetter));
    text("isdigit", (s, a) -> Texts.all(s, Texts::isDigit));
    text("isdecimal", (s, a) -> Texts.all(s, Character::isDigit));
    text("isnumeric", (s, a) -> Texts.all(s, Texts::isNumeric));
    text("isalnum", (s, a) -> Texts.all(s, c -> Character.isLetter(c) || Texts.isNumeric(c)));
    text("isspace", (s, a) -> Texts.all(s, Texts::isSpace));
    text("isascii", (s, a) -> s.isEmpty() || Texts.all(s, c -> c < 128));
    text("isupper", (s, a) -> Texts.isCased(s, true));
    text("islower", (s, a) -> Texts.isCased(s, false));
    text("join iterable", Methods::join);
    TEXT.put("format", (self, args) -> TextFormat.braces(self.toString(), args));

    dict("keys", (dict, a) -> new View("dict_keys", new ArrayList<>(dict.keySet())));
    dict("values", (dict, a) -> new View("dict_values", new ArrayList<>(dict.values())));
    dict("items", (dict, a) -> new View("dict_items", items(dict)));
    dict("get key default?", (dict, a) -> Lookup.get(dict, a.get(0), a.get(1, null)));
    dict("copy", (dict, a) -> new LinkedHashMap<>(dict));

    list("copy", (list, a) -> new ArrayList<>(list));
    list("count value", (list, a) -> list.stream().filter(item -> Operators.equal(item, a.get(0))).count());
    list("index value", Methods::indexOf);
  }

  private static void text(String signature, BiFunction<String, Args, Object> body) {
    Builtin.add(TEXT, signature, (self, args) -> body.apply(self.toString(), args));
  }

  private static void dict(String signature, BiFunction<Map<?, ?>, Args, Object> body) {
    Builtin.add(DICT, signature, (self, args) -> body.apply((Map<?, ?>) self, args));
  }

  private static void list(String signature, BiFunction<List<?>, Args, Object> body) {
    Builtin.add(LIST, signature, (self, args) -> body.apply((List<?>) self, args));
  }

  /** Zeros on the left, after a sign. */
  private static String zeroFill(String text, String zeros) {
    int sign = text.startsWith("+") || text.startsWith("-") ? 1 : 0;
    return text.substring(0, sign) + zeros + text.substring(sign);
  }

  /** The part of a text that arguments 1 and 2 bound. */
  private static String part(String text, Args args) {
    return Lookup.slice(text, args.get(1, null), args.get(2, null), null).toString();
  }

  private static boolean startsOrEnds(String text, Args args, BiFunction<String, String, Boolean> test) {
    List<?> candidates = args.get(0) instanceof Tuple tuple ? tuple : List.of(args.text(0));
    String part = part(text, args);
    return candidates.stream().anyMatch(candidate -> test.apply(part, Values.str(candidate)));
  }

  /** The place of argument 0, counted in characters; -1 if there is none. */
  private static long find(String text, Args args, BiFunction<String, String, Integer> search) {
    String part = part(text, args);
    int found = search.apply(part, args.text(0));
    long start = args.integer(1, 0);
    long before = start < 0 ? Math.max(0, start + Values.length(text)) : start;
    return found < 0 ? -1 : before + part.codePointCount(0, found);
  }

  private static String join(String self, Args args) {
    StringBuilder out = new StringBuilder();
    List<Object> items = Values.list(args.get(0));
    for (int i = 0; i < items.size(); i++) {
      Object item = items.get(i);
      if (!(item instanceof String)) {
        throw new TemplateException("sequence item %d: expected str instance, %s found", i, Values.typeName(item));
      }
      out.append(i == 0 ? "" : self).append(item);
      Budget.growing(out);
    }
    Budget.text(out.length());
    return out.toString();
  }

  /** The dict's entries as pairs. */
  static List<Object> items(Map<?, ?> dict) {
    Budget.items(dict.size());
    List<Object> pairs = new ArrayList<>();
    dict.forEach((key, value) -> pairs.add(Tuple.of(key, value)));
    return pairs;
  }

  private static long indexOf(List<?> list, Args args) {
    return IntStream.range(0, list.size())
      .filter(i -> Operators.equal(list.get(i), args.get(0)))
      .findFirst()
      .orElseThrow(() -> new TemplateException("%s is not in list", Values.repr(args.get(0))));
  }
}
