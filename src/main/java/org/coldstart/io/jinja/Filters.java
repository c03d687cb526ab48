package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Expr.Markup;
import org.coldstart.io.jinja.Values.LazyItems;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/**
 * Jinja's filters and tests by name. Filters that choose or transform items one by one give generators, as in Jinja:
 * always true, without a length, to be gone through once.
 */
final class Filters {
  /** What follows {@code |}. */
  static final Map<String, Builtin> ALL = new HashMap<>();

  /** What follows {@code is}. */
  static final Map<String, Builtin> TESTS = new HashMap<>();

  private static final Pattern WORD_BEGIN = Pattern.compile("(?<=[-\\s({\\[<])");
  private static final Pattern REAL = Pattern
    .compile("[-+]?(#\\.?#?|\\.#)(e[-+]?#)?".replace("#", "(\\d++(?:_\\d++)*+)"));

  private Filters() {}

  static {
    text("upper", (s, a) -> s.toUpperCase(Locale.ROOT));
    text("lower", (s, a) -> s.toLowerCase(Locale.ROOT));
    text("capitalize", (s, a) -> Texts.capitalize(s));
    text("title", (s, a) -> title(s));
    text("trim chars?", (s, a) -> Texts.strip(s, a.text(0, null), true, true));
    text("center width?", (s, a) -> Texts.center(s, a.integer(0, 80), " "));
    text("string", (s, a) -> s);
    add("replace old new count?", Filters::replace);
    add("indent width? first? blank?", Filters::indent);
    add("safe", (v, a) -> new Markup(Values.str(v)));
    add("escape,e,forceescape", (v, a) -> Markup.escape(Values.str(v)));
    ALL.put("format", (v, args) -> TextFormat.percent(Values.str(v),
        args.named().isEmpty() ? new Tuple(args.positional()) : args.named()));
    add("tojson ensure_ascii? indent? separators? sort_keys?", ToJson::apply);
    add("default,d default_value? boolean?", Filters::orDefault);
    add("abs", (v, a) -> absolute(Values.require(v)));
    add("int default?", (v, a) -> toInt(Values.require(v), a.get(0, 0L)));
    add("float default?", (v, a) -> toFloat(Values.require(v), a.get(0, 0.0)));
    add("round precision?", (v, a) -> round(Values.require(v), a));
    add("length,count", (v, a) -> Values.length(v));
    add("list", (v, a) -> Values.list(v));
    add("first", (v, a) -> first(Values.iterator(v), "No first item, sequence was empty."));
    add("last", (v, a) -> first(reversed(v).iterator(), "No last item, sequence was empty."));
    add("reverse", (v, a) -> reverse(v));
    add("join d? attribute?", Filters::join);
    add("sum attribute? start?", Filters::sum);
    add("sort reverse? case_sensitive? attribute?", Filters::sort);
    add("dictsort case_sensitive? by? reverse?", Filters::sortDict);
    add("min case_sensitive? attribute?", (v, a) -> extreme(v, a, "<"));
    add("max case_sensitive? attribute?", (v, a) -> extreme(v, a, ">"));
    add("unique case_sensitive? attribute?", Filters::unique);
    add("items", (v, a) -> items(v));
    ALL.put("map", Filters::map);
    ALL.put("select", (v, args) -> choose(v, args, false, true));
    ALL.put("reject", (v, args) -> choose(v, args, false, false));
    ALL.put("selectattr", (v, args) -> choose(v, args, true, true));
    ALL.put("rejectattr", (v, args) -> choose(v, args, true, false));

    test("defined", v -> !(v instanceof Undefined));
    test("undefined", v -> v instanceof Undefined);
    test("none", v -> v == null);
    test("boolean", v -> v instanceof Boolean);
    test("true", Boolean.TRUE::equals);
    test("false", Boolean.FALSE::equals);
    test("integer", v -> Values.isInteger(v) && !(v instanceof Boolean));
    test("float", v -> v instanceof Double);
    test("number", Values::isNumber);
    test("string", String.class::isInstance);
    test("mapping", v -> v instanceof Map);
    test("iterable", Values::isIterable);
    test("sequence", v -> Values.isIterable(v) && !(v instanceof LazyItems || v instanceof Values.View));
    test("callable", v -> v instanceof Values.Callable || v instanceof Undefined);
    test("filter", v -> v instanceof String && ALL.containsKey(v));
    test("test", v -> v instanceof String && TESTS.containsKey(v));
    test("lower", v -> Texts.isCased(Values.str(v), false));
    test("upper", v -> Texts.isCased(Values.str(v), true));
    test("odd", v -> hasRemainder(v, 2L, 1L));
    test("even", v -> hasRemainder(v, 2L, 0L));
    Builtin.add(TESTS, "divisibleby num", (v, a) -> hasRemainder(v, a.get(0), 0L));
    Builtin.add(TESTS, "sameas other", (v, a) -> same(v, a.get(0)));
    compare("in");
    compare("==,eq,equalto");
    compare("!=,ne");
    compare("<,lt,lessthan");
    compare("<=,le");
    compare(">,gt,greaterthan");
    compare(">=,ge");
  }

  private static void add(String signature, Builtin body) {
    Builtin.add(ALL, signature, body);
  }

  private static void text(String signature, BiFunction<String, Args, String> body) {
    add(signature, (v, args) -> body.apply(Values.str(v), args));
  }

  private static void test(String name, Predicate<Object> test) {
    Builtin.add(TESTS, name, (v, args) -> test.test(v));
  }

  private static void compare(String names) {
    String operator = names.split(",")[0];
    Builtin.add(TESTS, names + " other", (v, args) -> Operators.holds(operator, v, args.get(0)));
  }

  private static boolean hasRemainder(Object value, Object divisor, Object rest) {
    return Operators.equal(Operators.apply("%", value, divisor), rest);
  }

  /** Python's {@code is}: the same object; small integers and equal short literals are. */
  private static boolean same(Object value, Object other) {
    boolean plain = value instanceof Boolean || value instanceof Long || value instanceof String;
    return value == other || plain && value.equals(other);
  }

  /** Unlike {@code str.title}, only space, hyphens and brackets begin a word. */
  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    for (String word : WORD_BEGIN.split(text)) {
      int first = word.isEmpty() ? 0 : Character.charCount(word.codePointAt(0));
      out.append(word.substring(0, first).toUpperCase(Locale.ROOT));
      out.append(word.substring(first).toLowerCase(Locale.ROOT));
    }
    return out.toString();
  }

  private static Object replace(Object value, Args args) {
    List<Object> texts = Arrays.asList(Values.str(args.get(0)), Values.str(args.get(1)), args.get(2));
    return Texts.replace(Values.str(value), new Args(texts, Map.of()));
  }

  private static Object indent(Object value, Args args) {
    String text = Operators.apply("+", value, "\n").toString();
    Object width = args.get(0, 4L);
    String indention = width instanceof String ? width.toString() : Texts.pad("", Operators.index(width), " ");
    List<Object> lines = Texts.lines(text, false);
    Budget.text((long) indention.length() * lines.size() + text.length());
    return (args.isTrue(1) ? indention : "") + lines.get(0)
        + lines.stream()
          .skip(1)
          .map(line -> "\n" + (args.isTrue(2) || !line.equals("") ? indention : "") + line)
          .collect(Collectors.joining());
  }

  private static Object orDefault(Object value, Args args) {
    boolean missing = value instanceof Undefined || args.isTrue(1) && !Values.isTrue(value);
    return missing ? args.get(0, "") : value;
  }

  private static Object absolute(Object value) {
    if (!Values.isNumber(value)) {
      throw new TemplateException("bad operand type for abs(): '%s'", Values.typeName(value));
    }
    return value instanceof Double real ? (Object) Math.abs(real) : Operators.normal(Operators.big(value).abs());
  }

  private static Object toInt(Object value, Object otherwise) {
    String text = value instanceof String ? number(value) : "";
    if (Values.isInteger(value) || text.matches("[-+]?\\d{1," + Budget.MAX_DIGITS + "}")) {
      return Operators.normal(value instanceof String ? new BigInteger(text) : Operators.big(value));
    }
    Object real = toFloat(value, null);
    boolean finite = real instanceof Double number && Double.isFinite(number);
    return finite ? truncate((Double) real) : otherwise;
  }

  /** The number without its fraction. */
  static Object truncate(double value) {
    if (!Double.isFinite(value)) {
      throw new TemplateException("cannot convert float %s to integer", Double.isNaN(value) ? "NaN" : "infinity");
    }
    return Operators.normal(new BigDecimal(value).toBigInteger());
  }

  /** {@code float(value)}. */
  private static Object toFloat(Object value, Object otherwise) {
    if (Values.isNumber(value)) {
      return Operators.real(value);
    }
    String text = value instanceof String ? number(value) : "";
    if (text.matches("[-+]?inf(inity)?")) {
      return text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    return REAL.matcher(text).matches() ? (Object) Double.parseDouble(text) : otherwise;
  }

  /** A number's text as Python reads it: without space around and underscores within. */
  private static String number(Object text) {
    String bare = Texts.strip(text.toString(), null, true, true).toLowerCase(Locale.ROOT);
    return bare.replaceAll("(?<=\\d)_(?=\\d)", "");
  }

  private static Object round(Object value, Args args) {
    if (!Values.isNumber(value)) {
      throw new TemplateException("type %s doesn't define __round__ method", Values.typeName(value));
    }
    int precision = (int) Math.max(-400, Math.min(400, args.integer(0, 0)));
    if (value instanceof Double real) {
      return Double.isFinite(real)
          ? Math.copySign(new BigDecimal(real).setScale(precision, RoundingMode.HALF_EVEN).doubleValue(), real)
          : value;
    }
    BigDecimal whole = new BigDecimal(Operators.big(value));
    return Operators.normal(whole.setScale(Math.min(0, precision), RoundingMode.HALF_EVEN).toBigInteger());
  }

  private static Object first(Iterator<Object> items, String none) {
    return items.hasNext() ? items.next() : new Undefined(none);
  }

  private static List<Object> reversed(Object value) {
    if (value instanceof LazyItems) {
      throw new TemplateException("'generator' object is not reversible");
    }
    List<Object> items = Values.list(value);
    Collections.reverse(items);
    return items;
  }

  private static Object reverse(Object value) {
    return value instanceof String text ? Texts.reverse(text) : new LazyItems(reversed(value).iterator());
  }

  /** What an item is compared by: what is at the path, texts in lower case unless told. */
  private static Object key(Object item, Object path, boolean caseSensitive) {
    Object value = Lookup.path(item, path, null);
    boolean lower = !caseSensitive && value instanceof String;
    return lower ? value.toString().toLowerCase(Locale.ROOT) : value;
  }

  private static Object join(Object value, Args args) {
    String separator = Values.str(args.get(0, ""));
    StringBuilder out = new StringBuilder();
    Iterator<Object> items = Values.iterator(value);
    for (boolean first = true; items.hasNext(); first = false) {
      Object item = Lookup.path(items.next(), args.get(1, null), null);
      Budget.growing(out.append(first ? "" : separator).append(Values.str(item)));
    }
    Budget.text(out.length());
    return out.toString();
  }

  private static Object sum(Object value, Args args) {
    Object sum = args.get(1, 0L);
    for (Object item : Values.list(value)) {
      sum = Operators.apply("+", sum, Lookup.path(item, args.get(0, null), null));
    }
    return sum;
  }

  /** Sorts stably by keys; reversed, equal items keep their order as well. */
  private static Object sorted(List<Object> items, UnaryOperator<Object> key, boolean reverse) {
    Budget.items(items.size());
    Comparator<Object> order = (a, b) -> Operators.compare("<", key.apply(a), key.apply(b));
    items.sort(reverse ? order.reversed() : order);
    return items;
  }

  private static Object sort(Object value, Args args) {
    Object attribute = args.get(2, null);
    List<Object> paths = attribute instanceof String ? Texts.split(attribute.toString(), ",", -1)
        : Collections.singletonList(attribute);
    UnaryOperator<Object> key = item -> new Tuple(paths.stream().map(path -> key(item, path, args.isTrue(1))).toList());
    return sorted(Values.list(value), key, args.isTrue(0));
  }

  private static Object sortDict(Object value, Args args) {
    int position = List.of("key", "value").indexOf(args.text(1, "key"));
    if (position < 0) {
      throw new TemplateException("You can only sort by either \"key\" or \"value\"");
    }
    if (!(Values.require(value) instanceof Map<?, ?> map)) {
      throw new TemplateException("'%s' object has no attribute 'items'", Values.typeName(value));
    }
    UnaryOperator<Object> key = item -> key(item, (long) position, args.isTrue(0));
    return sorted(Methods.items(map), key, args.isTrue(2));
  }

  private static Object extreme(Object value, Args args, String operator) {
    Object best = new Undefined("No aggregated item, sequence was empty.");
    Object bestKey = Values.MISSING;
    for (Object item : Values.list(value)) {
      Object key = key(item, args.get(1, null), args.isTrue(0));
      if (bestKey == Values.MISSING || Operators.holds(operator, key, bestKey)) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  }

  private static Object unique(Object value, Args args) {
    Map<Object, Object> seen = new LinkedHashMap<>();
    Predicate<Object> isNew = item -> {
      int before = seen.size();
      Lookup.put(seen, key(item, args.get(1, null), args.isTrue(0)), true);
      return seen.size() > before;
    };
    return generator(Values.stream(value).filter(isNew));
  }

  private static Object items(Object value) {
    if (!(value instanceof Map) && !(value instanceof Undefined)) {
      throw new TemplateException("Can only get item pairs from a mapping.");
    }
    return generator(value instanceof Map<?, ?> map ? Methods.items(map).stream() : Stream.empty());
  }

  private static Object generator(Stream<Object> items) {
    return new LazyItems(items.iterator());
  }

  /** The items of a value; none of one that is false, even if it is not iterable. */
  private static Stream<Object> itemsIfTrue(Object value) {
    return Values.isTrue(value) ? Values.stream(value) : Stream.empty();
  }

  private static Object map(Object value, Args args) {
    if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
      Args bound = args.bind("map", List.of("attribute", "default"), 1);
      return generator(itemsIfTrue(value).map(item -> Lookup.path(item, bound.get(0), bound.get(1, null))));
    }
    if (args.positional().isEmpty()) {
      throw new TemplateException("map requires a filter argument");
    }
    return generator(itemsIfTrue(value)
      .map(item -> Markup.unmarked(Builtin.named(args.get(0), ALL, "filter").apply(item, args.rest()))));
  }

  private static Object choose(Object value, Args args, boolean byAttribute, boolean keep) {
    if (byAttribute && args.positional().isEmpty()) {
      throw new TemplateException("Missing parameter for attribute name");
    }
    Object path = byAttribute ? args.get(0) : null;
    Args test = byAttribute ? args.rest() : args;
    Predicate<Object> passes = item -> {
      Object tested = Lookup.path(item, path, null);
      return Values.isTrue(
          test.positional().isEmpty() ? tested : Builtin.named(test.get(0), TESTS, "test").apply(tested, test.rest()));
    };
    return generator(itemsIfTrue(value).filter(item -> passes.test(item) == keep));
  }
}
