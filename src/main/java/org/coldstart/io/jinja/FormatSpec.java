package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How one value is laid out by {@code str.format} and {@code %}: Python's format specification
 * {@code [[fill]align][sign][#][0][width][grouping][.precision][type]}.
 *
 * @param fill the code point to fill with
 * @param align {@code '<'}, {@code '>'}, {@code '^'}, {@code '='} (after the sign), or 0 for the
 *     type's own
 * @param sign {@code '-'}, {@code '+'} or a blank
 * @param alternate {@code 0x} and the like in front
 * @param width least number of characters
 * @param grouping {@code ','}, {@code '_'} or 0
 * @param precision digits, or characters of a text; -1 if not given
 * @param type the letter, or 0
 */
record FormatSpec(
    int fill,
    char align,
    char sign,
    boolean alternate,
    long width,
    char grouping,
    long precision,
    char type) {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([a-zA-Z%])?",
          Pattern.DOTALL);

  static FormatSpec parse(String text) {
    Matcher m = SYNTAX.matcher(text);
    if (!m.matches()) {
      throw new TemplateException("Invalid format specifier " + PyText.quote(text));
    }
    boolean zero = m.group(5) != null;
    int fill = m.group(1) != null ? m.group(1).codePointAt(0) : zero ? '0' : ' ';
    char align = m.group(2) != null ? m.group(2).charAt(0) : zero ? '=' : 0;
    return new FormatSpec(
        fill,
        align,
        first(m.group(3), '-'),
        m.group(4) != null,
        number(m.group(6), 0),
        first(m.group(7), (char) 0),
        number(m.group(8), -1),
        first(m.group(9), (char) 0));
  }

  private static char first(String text, char otherwise) {
    return text == null ? otherwise : text.charAt(0);
  }

  private static long number(String digits, long otherwise) {
    return digits == null ? otherwise : Long.parseLong(digits);
  }

  /** {@code format(value, spec)}. */
  String format(Runtime rt, Object value) {
    rt.checkText(Math.max(width, precision));
    if (value instanceof Double real
        || Numbers.isInteger(value) && type != 0 && "eEfFgG%".indexOf(type) >= 0) {
      return number(rt, real(Numbers.real(value)));
    }
    boolean plainFlag = value instanceof Boolean && type == 0;
    if (Numbers.isInteger(value) && !plainFlag && type != 's') {
      return number(rt, integer(Numbers.big(value)));
    }
    if (type != 0 && type != 's') {
      throw new TemplateException(
          "Unknown format code '" + type + "' for object of type '" + PyText.typeName(value) + "'");
    }
    return text(rt, PyText.str(rt, value));
  }

  /** A text, cut to the precision. */
  String text(Runtime rt, String text) {
    int length = text.codePointCount(0, text.length());
    String cut =
        precision >= 0 && precision < length
            ? text.substring(0, text.offsetByCodePoints(0, (int) precision))
            : text;
    return pad(rt, "", cut, align == 0 ? '<' : align);
  }

  private String number(Runtime rt, String digits) {
    boolean negative = digits.startsWith("-");
    String body = negative ? digits.substring(1) : digits;
    String front = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    int prefix = alternate && body.length() > 1 && "xXob".indexOf(body.charAt(1)) >= 0 ? 2 : 0;
    return pad(
        rt,
        front + body.substring(0, prefix),
        grouped(body.substring(prefix)),
        align == 0 ? '>' : align);
  }

  private String pad(Runtime rt, String front, String body, char side) {
    long missing = Math.max(0, width - front.length() - body.codePointCount(0, body.length()));
    return switch (side) {
      case '<' -> front + body + Padding.fill(rt, missing, fill);
      case '=' -> front + Padding.fill(rt, missing, fill) + body;
      case '^' ->
          Padding.fill(rt, missing / 2, fill)
              + front
              + body
              + Padding.fill(rt, missing - missing / 2, fill);
      default -> Padding.fill(rt, missing, fill) + front + body;
    };
  }

  private String grouped(String digits) {
    if (grouping == 0) {
      return digits;
    }
    int end = 0;
    while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0) {
      end++;
    }
    int size = "xXob".indexOf(type) >= 0 && type != 0 ? 4 : 3;
    StringBuilder out = new StringBuilder(digits);
    for (int at = end - size; at > 0; at -= size) {
      out.insert(at, grouping);
    }
    return out.toString();
  }

  private String integer(BigInteger value) {
    String minus = value.signum() < 0 ? "-" : "";
    BigInteger size = value.abs();
    return switch (type) {
      case 0, 'd', 'i', 'u', 'n' -> value.toString();
      case 'x' -> minus + (alternate ? "0x" : "") + size.toString(16);
      case 'X' -> minus + (alternate ? "0X" : "") + size.toString(16).toUpperCase(Locale.ROOT);
      case 'o' -> minus + (alternate ? "0o" : "") + size.toString(8);
      case 'b' -> minus + (alternate ? "0b" : "") + size.toString(2);
      case 'c' -> new String(Character.toChars(value.intValue()));
      default ->
          throw new TemplateException(
              "Unknown format code '" + type + "' for object of type 'int'");
    };
  }

  private String real(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String name = Numbers.repr(value) + (type == '%' ? "%" : "");
      return Character.isUpperCase(type) ? name.toUpperCase(Locale.ROOT) : name;
    }
    String minus = value < 0 || 1 / value < 0 ? "-" : "";
    BigDecimal exact = new BigDecimal(value).abs();
    int digits = precision < 0 ? 6 : (int) precision;
    String text =
        switch (type) {
          case 0 -> precision < 0 ? Numbers.repr(Math.abs(value)) : general(exact, digits, true);
          case 'f', 'F' -> fixed(exact, digits);
          case 'e', 'E' -> scientific(exact, digits);
          case 'g', 'G', 'n' -> general(exact, digits, false);
          case '%' -> fixed(exact.movePointRight(2), digits) + "%";
          default ->
              throw new TemplateException(
                  "Unknown format code '" + type + "' for object of type 'float'");
        };
    return minus + (Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text);
  }

  private static String fixed(BigDecimal value, int digits) {
    return value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
  }

  private static String scientific(BigDecimal value, int digits) {
    BigDecimal rounded =
        value.signum() == 0
            ? value
            : value.round(new java.math.MathContext(digits + 1, RoundingMode.HALF_EVEN));
    int exponent = exponent(rounded);
    String mantissa =
        rounded.movePointLeft(exponent).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    return mantissa
        + "e"
        + (exponent < 0 ? "-" : "+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  private static int exponent(BigDecimal value) {
    return value.signum() == 0 ? 0 : value.precision() - value.scale() - 1;
  }

  private String general(BigDecimal value, int wanted, boolean keepPoint) {
    int digits = Math.max(1, wanted);
    BigDecimal rounded =
        value.signum() == 0
            ? value
            : value.round(new java.math.MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = exponent(rounded);
    if (exponent < -4 || exponent >= (keepPoint ? Math.max(1, digits - 1) : digits)) {
      String text = scientific(rounded, digits - 1);
      int e = text.indexOf('e');
      return withoutZeros(text.substring(0, e)) + text.substring(e);
    }
    String text = withoutZeros(fixed(rounded, Math.max(0, digits - 1 - exponent)));
    return keepPoint && text.indexOf('.') < 0 ? text + ".0" : text;
  }

  private String withoutZeros(String text) {
    return alternate || text.indexOf('.') < 0 ? text : text.replaceAll("\\.?0+$", "");
  }
}
