package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import org.coldstart.io.jinja.Method.Bound;

/** Filters on numbers. */
final class NumberFilters {
  private NumberFilters() {}

  static void addTo(Map<String, Method> filters) {
    Method.add(filters, "abs", (rt, value, a) -> absolute(rt, value));
    Method.add(filters, "int default? base?", NumberFilters::toInt);
    Method.add(filters, "float default?", NumberFilters::toFloat);
    Method.add(filters, "round precision? method?", NumberFilters::round);
    Method.add(filters, "filesizeformat binary?", NumberFilters::fileSize);
  }

  private static Object absolute(Runtime rt, Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException("bad operand type for abs(): '" + PyText.typeName(value) + "'");
    }
    return value instanceof Double real
        ? (Object) Math.abs(real)
        : Numbers.normal(Numbers.big(value).abs());
  }

  private static Object toInt(Runtime rt, Object value, Bound args) {
    Object otherwise = args.get(0, 0L);
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (Numbers.isInteger(value)) {
      return Numbers.normal(Numbers.big(value));
    }
    if (PyText.isText(value)) {
      BigInteger parsed = parseInteger(rt, value.toString(), (int) args.integer(1, 10));
      if (parsed != null) {
        return Numbers.normal(parsed);
      }
    }
    Double real =
        value instanceof Double d ? d : PyText.isText(value) ? parseReal(value.toString()) : null;
    boolean finite = real != null && !real.isNaN() && !real.isInfinite();
    return finite ? Numbers.normal(truncate(real)) : otherwise;
  }

  /** The number without its fraction. */
  static BigInteger truncate(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      throw new TemplateException(
          "cannot convert float " + (Double.isNaN(value) ? "NaN" : "infinity") + " to integer");
    }
    return new BigDecimal(value).toBigInteger();
  }

  private static BigInteger parseInteger(Runtime rt, String text, int base) {
    String digits = TextMethods.strip(text, null, true, true).toLowerCase(Locale.ROOT);
    boolean negative = digits.startsWith("-");
    digits = negative || digits.startsWith("+") ? digits.substring(1) : digits;
    int radix = base;
    for (Map.Entry<String, Integer> prefix : Map.of("0x", 16, "0o", 8, "0b", 2).entrySet()) {
      if (digits.startsWith(prefix.getKey()) && (base == 0 || base == prefix.getValue())) {
        digits = digits.substring(2);
        radix = prefix.getValue();
        digits = digits.startsWith("_") ? digits.substring(1) : digits;
      }
    }
    radix = radix == 0 ? 10 : radix;
    if (radix < 2
        || radix > 36
        || digits.length() > rt.limits.digits()
        || !digits.matches("[\\p{Nd}a-z]+(?:_[\\p{Nd}a-z]+)*")) {
      return null;
    }
    try {
      BigInteger parsed = new BigInteger(digits.replace("_", ""), radix);
      return negative ? parsed.negate() : parsed;
    } catch (NumberFormatException notANumber) {
      return null;
    }
  }

  /** {@code float(text)}, or null. */
  private static Double parseReal(String text) {
    String plain = TextMethods.strip(text, null, true, true).toLowerCase(Locale.ROOT);
    String unsigned = plain.startsWith("-") || plain.startsWith("+") ? plain.substring(1) : plain;
    double sign = plain.startsWith("-") ? -1 : 1;
    if (unsigned.equals("inf") || unsigned.equals("infinity")) {
      return sign * Double.POSITIVE_INFINITY;
    }
    if (unsigned.equals("nan")) {
      return Double.NaN;
    }
    String number = "\\d++(?:_\\d++)*+";
    return unsigned.matches(
            "(?:" + number + "\\.?(?:" + number + ")?|\\." + number + ")(?:e[-+]?" + number + ")?")
        ? (Double) (sign * Double.parseDouble(unsigned.replace("_", "")))
        : null;
  }

  private static Object toFloat(Runtime rt, Object value, Bound args) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    Double parsed =
        Numbers.isNumber(value)
            ? (Double) Numbers.real(value)
            : PyText.isText(value) ? parseReal(value.toString()) : null;
    return parsed != null ? parsed : args.get(0, 0.0);
  }

  private static Object round(Runtime rt, Object value, Bound args) {
    int precision = (int) Math.max(-400, Math.min(400, args.integer(0, 0)));
    String method = args.text(1, "common");
    if (!java.util.Set.of("common", "ceil", "floor").contains(method)) {
      throw new TemplateException("method must be common, ceil or floor");
    }
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(
          "type " + PyText.typeName(value) + " doesn't define __round__ method");
    }
    if (!method.equals("common")) {
      return ceilOrFloor(rt, value, precision, method.equals("ceil"));
    }
    if (Numbers.isInteger(value)) {
      return precision >= 0
          ? Numbers.normal(Numbers.big(value))
          : Numbers.normal(
              new BigDecimal(Numbers.big(value))
                  .setScale(precision, RoundingMode.HALF_EVEN)
                  .toBigInteger());
    }
    double real = (Double) value;
    if (Double.isNaN(real) || Double.isInfinite(real)) {
      return value;
    }
    return Math.copySign(
        new BigDecimal(real).setScale(precision, RoundingMode.HALF_EVEN).doubleValue(), real);
  }

  /** {@code math.ceil(value * 10**precision) / 10**precision}, step by step as Python does it. */
  private static Object ceilOrFloor(Runtime rt, Object value, int precision, boolean ceil) {
    Object scale = Arithmetic.apply(rt, "**", 10L, (long) precision);
    Object scaled = Arithmetic.apply(rt, "*", value, scale);
    Object whole =
        scaled instanceof Double real
            ? Numbers.normal(truncate(ceil ? Math.ceil(real) : Math.floor(real)))
            : scaled;
    return Arithmetic.apply(rt, "/", whole, scale);
  }

  private static Object fileSize(Runtime rt, Object value, Bound args) {
    boolean binary = args.isTrue(0);
    Object number =
        toFloat(
            rt,
            value,
            Method.Bound.bind("float", java.util.List.of("default"), 0, Args.of(Double.NaN)));
    double bytes = (Double) number;
    if (Double.isNaN(bytes)) {
      throw new TemplateException(
          "could not convert " + PyText.shortRepr(value) + " to a file size");
    }
    double base = binary ? 1024 : 1000;
    if (bytes == 1) {
      return "1 Byte";
    }
    if (bytes < base) {
      return truncate(bytes) + " Bytes";
    }
    String prefixes = binary ? "KMGTPEZY" : "kMGTPEZY";
    int i = 0;
    double unit = base * base;
    while (i < prefixes.length() - 1 && bytes >= unit) {
      unit *= base;
      i++;
    }
    return FormatSpec.parse(".1f").format(rt, base * bytes / unit)
        + " "
        + prefixes.charAt(i)
        + (binary ? "iB" : "B");
  }
}
