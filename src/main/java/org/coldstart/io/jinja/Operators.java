package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.coldstart.io.jinja.Expr.Markup;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Python's operators; integers have no bounds, and booleans count as 0 and 1. */
final class Operators {
  private Operators() {}

  /** {@code left + right}, with escapes where one is marked as HTML. */
  static Object add(Object left, Object right) {
    boolean marked = left instanceof Markup && (right instanceof Markup || right instanceof String)
        || left instanceof String && right instanceof Markup;
    return marked ? new Markup(concat(Markup.escape(left).text(), Markup.escape(right).text()))
        : apply("+", left, right);
  }

  /** {@code left operator right} for {@code + - * / // % ** ~}. */
  static Object apply(String operator, Object left, Object right) {
    if (operator.equals("~")) {
      return concat(Values.str(left), Values.str(right));
    }
    if (operator.equals("%") && Values.require(left) instanceof String format) {
      return TextFormat.percent(format, right);
    }
    Values.require(left);
    Values.require(right);
    if (Values.isNumber(left) && Values.isNumber(right)) {
      return Values.isInteger(left) && Values.isInteger(right) ? integers(operator, big(left), big(right))
          : reals(operator, real(left), real(right));
    }
    String type = Values.typeName(left);
    String otherType = Values.typeName(right);
    if (operator.equals("*") && Values.isInteger(right) && isSequence(left)) {
      return repeat(left, Math.max(0, index(right)));
    }
    if (operator.equals("*") && Values.isInteger(left) && isSequence(right)) {
      return repeat(right, Math.max(0, index(left)));
    }
    if (operator.equals("+") && isSequence(left)) {
      if (!type.equals(otherType)) {
        throw new TemplateException("can only concatenate %s (not \"%s\") to %s", type, otherType, type);
      }
      return left instanceof String text ? concat(text, right.toString()) : concat((List<?>) left, (List<?>) right);
    }
    throw new TemplateException("unsupported operand type(s) for %s: '%s' and '%s'",
        operator.equals("**") ? "** or pow()" : operator, type, otherType);
  }

  private static String concat(String left, String right) {
    Budget.text((long) left.length() + right.length());
    return left.concat(right);
  }

  private static List<Object> concat(List<?> left, List<?> right) {
    List<Object> sum = new ArrayList<>(left);
    sum.addAll(right);
    Budget.items(sum.size());
    return Values.like(left, sum);
  }

  private static boolean isSequence(Object value) {
    return value instanceof String || value instanceof List;
  }

  private static Object repeat(Object sequence, long times) {
    boolean text = sequence instanceof String;
    long size = text ? sequence.toString().length() : Values.length(sequence);
    long limit = text ? Budget.MAX_LENGTH : Budget.MAX_ITEMS;
    if (size > 0 && times > limit / size) {
      throw new TemplateException("a repetition of more than %d %s", limit, text ? "characters" : "items");
    }
    int count = size == 0 ? 0 : (int) times;
    if (text) {
      Budget.text(size * count);
      return sequence.toString().repeat(count);
    }
    Budget.items(size * count);
    List<Object> repeated = new ArrayList<>();
    Collections.nCopies(count, (List<?>) sequence).forEach(repeated::addAll);
    return Values.like(sequence, repeated);
  }

  private static Object integers(String operator, BigInteger a, BigInteger b) {
    if (operator.equals("/") || operator.equals("**") && b.signum() < 0) {
      return reals(operator, real(a), real(b));
    }
    BigInteger result = switch (operator) {
    case "+" -> a.add(b);
    case "-" -> a.subtract(b);
    case "*" -> a.multiply(b);
    case "//" -> a.subtract(modulo(a, b)).divide(b);
    case "%" -> modulo(a, b);
    default -> {
      Budget.bits((a.abs().bitLength() - 1) * b.doubleValue());
      boolean unit = a.abs().bitLength() <= 1;
      yield unit && b.testBit(0) ? a : a.pow((int) Math.min(index(normal(b)), 1 << 14));
    }
    };
    Budget.bits(result.bitLength());
    return normal(result);
  }

  /** Python's modulo: its sign is the divisor's. */
  private static BigInteger modulo(BigInteger a, BigInteger b) {
    if (b.signum() == 0) {
      throw new TemplateException("integer modulo by zero");
    }
    BigInteger rest = a.mod(b.abs());
    return rest.signum() != 0 && b.signum() < 0 ? rest.add(b) : rest;
  }

  private static double reals(String operator, double a, double b) {
    if (b == 0 && "//%".contains(operator)) {
      throw new TemplateException("division by zero");
    }
    double rest = b == 0 ? 0 : a % b;
    double modulo = rest == 0 ? Math.copySign(0, b) : (b < 0) != (rest < 0) ? rest + b : rest;
    return switch (operator) {
    case "+" -> a + b;
    case "-" -> a - b;
    case "*" -> a * b;
    case "/" -> a / b;
    case "//" -> Math.floor((a - modulo) / b + 0.5);
    case "%" -> modulo;
    default -> power(a, b);
    };
  }

  private static double power(double a, double b) {
    double result = Math.pow(a, b);
    if (!Double.isFinite(result) && Double.isFinite(a) && Double.isFinite(b)) {
      throw new TemplateException("%s ** %s is no real number in range", a, b);
    }
    return result;
  }

  /** {@code -value} or {@code +value}. */
  static Object sign(String sign, Object value) {
    if (!Values.isNumber(Values.require(value))) {
      throw new TemplateException("bad operand type for unary %s: '%s'", sign, Values.typeName(value));
    }
    return value instanceof Double real ? (Object) (sign.equals("-") ? -real : real)
        : integers(sign, BigInteger.ZERO, big(value));
  }

  /** The integer as Long if it fits, as BigInteger if not. */
  static Object normal(BigInteger value) {
    return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
  }

  static BigInteger big(Object value) {
    return value instanceof BigInteger big ? big : BigInteger.valueOf(index(value));
  }

  static double real(Object value) {
    double real = value instanceof Double given ? given : big(value).doubleValue();
    if (Double.isInfinite(real) && !(value instanceof Double)) {
      throw new TemplateException("int too large to convert to float");
    }
    return real;
  }

  /** An index or a count: the integer, or the nearest long. */
  static long index(Object value) {
    if (Values.require(value) instanceof Boolean flag) {
      return flag ? 1 : 0;
    }
    if (!Values.isInteger(value)) {
      throw new TemplateException("'%s' object cannot be interpreted as an integer", Values.typeName(value));
    }
    return value instanceof Long number ? number : ((BigInteger) value).signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  /** {@code left operator right} for {@code == != < <= > >= in} and {@code not in}. */
  static boolean holds(String operator, Object left, Object right) {
    switch (operator) {
    case "==", "!=":
      return equal(left, right) == operator.equals("==");
    case "in", "not in":
      return contains(right, left) == operator.equals("in");
    default:
      int order = compare(operator, left, right);
      boolean less = operator.startsWith("<") ? order < 0 : order > 0;
      return !isNaN(left) && !isNaN(right) && (less || order == 0 && operator.endsWith("="));
    }
  }

  private static boolean isNaN(Object value) {
    return value instanceof Double real && real.isNaN();
  }

  static boolean equal(Object left, Object right) {
    if (Values.isNumber(left) && Values.isNumber(right)) {
      return !isNaN(left) && compareNumbers(left, right) == 0;
    }
    if (left instanceof String && right instanceof String) {
      return left.toString().equals(right.toString());
    }
    Budget.enter();
    boolean equal;
    if (left instanceof List<?> a && right instanceof List<?> b) {
      equal = a.size() == b.size() && left instanceof Tuple == right instanceof Tuple;
      for (int i = 0; equal && i < a.size(); i++) {
        equal = equal(a.get(i), b.get(i));
      }
    } else if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      equal = a.size() == b.size()
          && a.keySet().stream().allMatch(key -> equal(a.get(key), Lookup.get(b, key, Values.MISSING)));
    } else {
      equal = left instanceof Undefined && right instanceof Undefined || Objects.equals(left, right);
    }
    Budget.leave();
    return equal;
  }

  /** The order of two values; {@code operator} is for the message where there is none. */
  static int compare(String operator, Object left, Object right) {
    Budget.steps(1);
    Values.require(left);
    Values.require(right);
    if (Values.isNumber(left) && Values.isNumber(right)) {
      return compareNumbers(left, right);
    }
    if (left instanceof String && right instanceof String) {
      return left.toString().compareTo(right.toString());
    }
    String type = Values.typeName(left);
    String otherType = Values.typeName(right);
    if (!(left instanceof List<?> a) || !type.equals(otherType)) {
      throw new TemplateException("'%s' not supported between instances of '%s' and '%s'", operator, type, otherType);
    }
    List<?> b = (List<?>) right;
    Budget.enter();
    int shared = Math.min(a.size(), b.size());
    int i = 0;
    while (i < shared && equal(a.get(i), b.get(i))) {
      i++;
    }
    int order = i == shared ? a.size() - b.size() : compare(operator, a.get(i), b.get(i));
    Budget.leave();
    return order;
  }

  private static int compareNumbers(Object left, Object right) {
    if (Values.isInteger(left) && Values.isInteger(right)) {
      return big(left).compareTo(big(right));
    }
    double a = left instanceof Double real ? real : big(left).doubleValue();
    double b = right instanceof Double real ? real : big(right).doubleValue();
    return a == b ? 0 : Double.compare(a, b);
  }

  /** {@code item in container}. */
  static boolean contains(Object container, Object item) {
    if (container instanceof String) {
      if (!(item instanceof String)) {
        throw new TemplateException("'in <string>' requires string as left operand, not %s", Values.typeName(item));
      }
      Budget.text(container.toString().length());
      return container.toString().contains(item.toString());
    }
    if (container instanceof Map<?, ?> map) {
      return Lookup.get(map, item, Values.MISSING) != Values.MISSING;
    }
    if (!Values.isIterable(container)) {
      throw new TemplateException("argument of type '%s' is not iterable", Values.typeName(container));
    }
    return Values.stream(container).anyMatch(other -> equal(other, item));
  }
}
