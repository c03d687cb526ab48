package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.io.jinja.Values.Markup;

/** Python's operators {@code + - * / // % **} on numbers, texts and lists. */
final class Arithmetic {
  private Arithmetic() {}

  /** {@code left operator right}. */
  static Object apply(Runtime rt, String operator, Object left, Object right) {
    if (left instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (operator.equals("%") && (left instanceof String || left instanceof Markup)) {
      return PercentFormat.format(rt, left, right);
    }
    if (right instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.isInteger(left) && Numbers.isInteger(right)
          ? integers(rt, operator, left, right)
          : reals(operator, Numbers.real(left), Numbers.real(right));
    }
    Object result =
        switch (operator) {
          case "+" -> add(rt, left, right);
          case "*" ->
              Numbers.isInteger(right)
                  ? repeat(rt, left, right)
                  : Numbers.isInteger(left) ? repeat(rt, right, left) : null;
          default -> null;
        };
    if (result == null) {
      throw unsupported(operator, left, right);
    }
    return result;
  }

  private static TemplateException unsupported(String operator, Object left, Object right) {
    String name = PyText.typeName(left);
    if (operator.equals("+") && (left instanceof String || left instanceof List)) {
      return new TemplateException(
          "can only concatenate " + name + " (not \"" + PyText.typeName(right) + "\") to " + name);
    }
    String shown = operator.equals("**") ? "** or pow()" : operator;
    return new TemplateException(
        "unsupported operand type(s) for "
            + shown
            + ": '"
            + name
            + "' and '"
            + PyText.typeName(right)
            + "'");
  }

  private static Object add(Runtime rt, Object left, Object right) {
    if (left instanceof String a && right instanceof String b) {
      rt.checkText((long) a.length() + b.length());
      return a.concat(b);
    }
    if (PyText.isText(left) && PyText.isText(right)) {
      String joined = PyText.escaped(left) + PyText.escaped(right);
      rt.checkText(joined.length());
      return new Markup(joined);
    }
    boolean lists =
        left instanceof List
            && right instanceof List
            && PyText.typeName(left).equals(PyText.typeName(right));
    if (!lists || left instanceof Values.Range) {
      return null;
    }
    List<?> a = (List<?>) left;
    List<?> b = (List<?>) right;
    rt.checkItems((long) a.size() + b.size());
    List<Object> sum = new ArrayList<>(a);
    sum.addAll(b);
    return left instanceof Tuple ? new Tuple(sum) : sum;
  }

  private static Object repeat(Runtime rt, Object sequence, Object count) {
    long times = Math.max(0, Numbers.index(count));
    if (PyText.isText(sequence)) {
      String text = sequence.toString();
      checkProduct(text.length(), times, rt.limits.length(), "characters");
      rt.checkText(text.length() * times);
      String repeated = text.isEmpty() ? "" : text.repeat((int) times);
      return sequence instanceof Markup ? new Markup(repeated) : repeated;
    }
    if (!(sequence instanceof List<?> list) || sequence instanceof Values.Range) {
      return null;
    }
    checkProduct(list.size(), times, rt.limits.items(), "items");
    rt.checkItems(list.size() * times);
    List<Object> repeated = new ArrayList<>();
    for (long i = 0; i < times && !list.isEmpty(); i++) {
      repeated.addAll(list);
    }
    return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
  }

  private static void checkProduct(long size, long times, long limit, String unit) {
    if (size > 0 && times > limit / size) {
      throw new TemplateException("a repetition of more than " + limit + " " + unit);
    }
  }

  private static Object integers(Runtime rt, String operator, Object left, Object right) {
    if (left instanceof Long a && right instanceof Long b) {
      Object quick = longs(operator, a, b);
      if (quick != null) {
        return quick;
      }
    }
    BigInteger a = Numbers.big(left);
    BigInteger b = Numbers.big(right);
    BigInteger result =
        switch (operator) {
          case "+" -> a.add(b);
          case "-" -> a.subtract(b);
          case "*" -> a.multiply(b);
          case "//" -> floorDivide(a, b, "integer division or modulo by zero");
          case "%" -> a.subtract(floorDivide(a, b, "integer modulo by zero").multiply(b));
          case "**" -> {
            if (b.signum() < 0) {
              yield null;
            }
            yield power(rt, a, b);
          }
          default -> null;
        };
    if (result == null) {
      return reals(operator, Numbers.real(left), Numbers.real(right));
    }
    checkDigits(rt, result.bitLength());
    return Numbers.normal(result);
  }

  /** The operation on longs; null where it overflows or BigInteger must do it. */
  private static Object longs(String operator, long a, long b) {
    try {
      return switch (operator) {
        case "+" -> Math.addExact(a, b);
        case "-" -> Math.subtractExact(a, b);
        case "*" -> Math.multiplyExact(a, b);
        case "//" -> b == 0 || b == -1 ? null : Math.floorDiv(a, b);
        case "%" -> b == 0 ? null : Math.floorMod(a, b);
        default -> null;
      };
    } catch (ArithmeticException overflow) {
      return null;
    }
  }

  private static BigInteger floorDivide(BigInteger a, BigInteger b, String byZero) {
    if (b.signum() == 0) {
      throw new TemplateException(byZero);
    }
    BigInteger[] parts = a.divideAndRemainder(b);
    boolean inexactNegative = parts[1].signum() != 0 && parts[1].signum() != b.signum();
    return inexactNegative ? parts[0].subtract(BigInteger.ONE) : parts[0];
  }

  private static BigInteger power(Runtime rt, BigInteger base, BigInteger exponent) {
    if (base.bitLength() <= 1 && base.abs().bitLength() <= 1) {
      boolean odd = exponent.testBit(0);
      return exponent.signum() == 0 ? BigInteger.ONE : odd ? base : base.abs();
    }
    if (exponent.bitLength() > 31) {
      checkDigits(rt, Long.MAX_VALUE);
    }
    checkDigits(rt, (base.abs().bitLength() - 1L) * exponent.intValueExact());
    return base.pow(exponent.intValueExact());
  }

  private static void checkDigits(Runtime rt, long bits) {
    double digitsPerBit = Math.log10(2);
    if (bits * digitsPerBit > rt.limits.digits()) {
      throw new TemplateException("an integer of more than " + rt.limits.digits() + " digits");
    }
    rt.steps(bits / 64);
  }

  private static Object reals(String operator, double a, double b) {
    if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
      throw new TemplateException(
          switch (operator) {
            case "//" -> "float floor division by zero";
            case "%" -> "float modulo";
            default -> "division by zero";
          });
    }
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> (double) Math.floor((a - modulo(a, b)) / b + 0.5);
      case "%" -> modulo(a, b);
      default -> power(a, b);
    };
  }

  /** Python's float modulo: its sign is the divisor's. */
  private static double modulo(double a, double b) {
    double rest = a % b;
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest == 0 ? Math.copySign(0.0, b) : rest;
  }

  private static double power(double a, double b) {
    if (a == 0 && b < 0) {
      throw new TemplateException("0.0 cannot be raised to a negative power");
    }
    double result = a == 1 || b == 0 ? 1 : Math.pow(a, b);
    if (Double.isNaN(result) && !Double.isNaN(a) && !Double.isNaN(b)) {
      throw new TemplateException(
          "a negative number to a fractional power is a complex number, which is not supported");
    }
    if (Double.isInfinite(result) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
      throw new TemplateException("Numerical result out of range");
    }
    return result;
  }

  /** {@code -value} or {@code +value}. */
  static Object sign(Runtime rt, boolean negative, Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(
          "bad operand type for unary "
              + (negative ? "-" : "+")
              + ": '"
              + PyText.typeName(value)
              + "'");
    }
    if (value instanceof Double real) {
      return negative ? -real : real;
    }
    return negative ? integers(rt, "-", 0L, value) : Numbers.normal(Numbers.big(value));
  }
}
