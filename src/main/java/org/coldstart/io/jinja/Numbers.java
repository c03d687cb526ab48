package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/** Python's numbers: integers without bounds, floats, and booleans that count as 0 and 1. */
final class Numbers {
  private static final BigInteger MIN = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MAX = BigInteger.valueOf(Long.MAX_VALUE);

  private Numbers() {}

  /** Whether the value is an int or a bool. */
  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return isInteger(value) || value instanceof Double;
  }

  /** The integer as Long if it fits, as BigInteger if not. */
  static Object normal(BigInteger value) {
    return value.compareTo(MIN) >= 0 && value.compareTo(MAX) <= 0
        ? (Object) value.longValue()
        : value;
  }

  static BigInteger big(Object value) {
    if (value instanceof BigInteger big) {
      return big;
    }
    return BigInteger.valueOf(value instanceof Boolean flag ? (flag ? 1 : 0) : (Long) value);
  }

  static double real(Object value) {
    if (value instanceof Boolean flag) {
      return flag ? 1 : 0;
    }
    double real = ((Number) value).doubleValue();
    if (value instanceof BigInteger && Double.isInfinite(real)) {
      throw new TemplateException("int too large to convert to float");
    }
    return real;
  }

  /** An index or a count: the integer, or the nearest long. */
  static long index(Object value) {
    if (value instanceof Boolean flag) {
      return flag ? 1 : 0;
    }
    if (value instanceof BigInteger big) {
      return big.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
    if (value instanceof Long number) {
      return number;
    }
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    throw new TemplateException(
        "'" + PyText.typeName(value) + "' object cannot be interpreted as an integer");
  }

  static int compare(Object left, Object right) {
    if (isInteger(left) && isInteger(right)) {
      return big(left).compareTo(big(right));
    }
    if (left instanceof BigInteger || right instanceof BigInteger) {
      return exact(left).compareTo(exact(right));
    }
    return Double.compare(real(left) + 0.0, real(right) + 0.0);
  }

  private static BigDecimal exact(Object value) {
    double real = value instanceof Double d ? d : 0;
    if (Double.isInfinite(real)) {
      return BigDecimal.valueOf(Math.signum(real)).movePointRight(10_000);
    }
    return value instanceof Double d ? new BigDecimal(d) : new BigDecimal(big(value));
  }

  /** Whether the value is a float that is not a number: it is unequal to all, itself included. */
  static boolean isNaN(Object value) {
    return value instanceof Double d && d.isNaN();
  }

  /** {@code repr(float)}: the shortest digits that read back as the same float. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(value);
    BigDecimal shortest = exact;
    for (int digits = 1; digits <= 17; digits++) {
      shortest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (shortest.doubleValue() == value) {
        break;
      }
    }
    return layOut(shortest.stripTrailingZeros());
  }

  private static String layOut(BigDecimal value) {
    String digits = value.unscaledValue().abs().toString();
    int exponent = digits.length() - value.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = value.toPlainString();
      return plain.indexOf('.') >= 0 ? plain : plain + ".0";
    }
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    String sign = value.signum() < 0 ? "-" : "";
    return sign
        + mantissa
        + "e"
        + (exponent < 0 ? "-" : "+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }
}
