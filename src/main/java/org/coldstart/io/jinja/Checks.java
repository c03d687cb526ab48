package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Jinja's tests, what follows {@code is}, by name. */
final class Checks {
  static final Map<String, Method> ALL = new HashMap<>();

  private Checks() {}

  static {
    add("defined", value -> !(value instanceof Undefined));
    add("undefined", value -> value instanceof Undefined);
    add("none", value -> value == null);
    add("boolean", value -> value instanceof Boolean);
    add("true", Boolean.TRUE::equals);
    add("false", Boolean.FALSE::equals);
    add("integer", value -> value instanceof Long || value instanceof BigInteger);
    add("float", value -> value instanceof Double);
    add("number", Numbers::isNumber);
    add("string", PyText::isText);
    add("mapping", value -> value instanceof Map);
    add("iterable", Iteration::isIterable);
    add(
        "sequence",
        value ->
            PyText.isText(value)
                || value instanceof List
                || value instanceof Map
                || value instanceof Undefined);
    add("callable", value -> value instanceof Values.Callable || value instanceof Undefined);
    add("escaped", value -> value instanceof Values.Markup);
    add("filter", value -> PyText.isText(value) && Filters.ALL.containsKey(value.toString()));
    add("test", value -> PyText.isText(value) && ALL.containsKey(value.toString()));
    Method.add(ALL, "lower", (rt, value, a) -> TextMethods.cased(PyText.str(rt, value), false));
    Method.add(ALL, "upper", (rt, value, a) -> TextMethods.cased(PyText.str(rt, value), true));
    Method.add(ALL, "odd", (rt, value, a) -> remainder(rt, value, 2L, 1L));
    Method.add(ALL, "even", (rt, value, a) -> remainder(rt, value, 2L, 0L));
    Method.add(ALL, "divisibleby num", (rt, value, a) -> remainder(rt, value, a.get(0), 0L));
    Method.add(ALL, "sameas other", (rt, value, a) -> same(value, a.get(0)));
    compare("in", "in", "in");
    compare("eq", "==", "equalto");
    compare("ne", "!=", "!=");
    compare("lt", "<", "lessthan");
    compare("le", "<=", "<=");
    compare("gt", ">", "greaterthan");
    compare("ge", ">=", ">=");
  }

  private static void add(String name, java.util.function.Predicate<Object> test) {
    Method.add(ALL, name, (rt, value, args) -> test.test(value));
  }

  private static void compare(String name, String operator, String alias) {
    Method test =
        Method.of(
            name + " other",
            (rt, value, args) -> Comparison.apply(rt, operator, value, args.get(0)));
    List.of(name, operator, alias).forEach(each -> ALL.put(each, test));
  }

  private static boolean remainder(Runtime rt, Object value, Object divisor, Object rest) {
    return Comparison.equal(rt, Arithmetic.apply(rt, "%", value, divisor), rest);
  }

  /** Python's {@code is}: the same object; small integers and equal short literals are. */
  private static boolean same(Object value, Object other) {
    boolean plain = value instanceof Boolean || value instanceof Long || value instanceof String;
    return value == other || plain && value.equals(other);
  }

  /** {@code value is name(args)}. */
  static Object apply(Runtime rt, String name, Object value, Args args) {
    Method test = ALL.get(name);
    if (test == null) {
      throw new TemplateException("No test named '" + name + "'.");
    }
    rt.step();
    return test.call(rt, value, args);
  }
}
