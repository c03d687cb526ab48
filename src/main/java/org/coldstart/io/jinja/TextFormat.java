package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.IllegalFormatException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Tuple;

/**
 * Python's two ways to format, {@code 'text %s %(name)05.2f' % values} and {@code 'text {} {name!r}'.format(…)}
 * (without format specifications), and how it prints floats. Java's formatter lays out the values; it takes the same
 * flags as {@code %}.
 */
final class TextFormat {
  private static final Pattern DIRECTIVE = Pattern.compile("%(?:\\((.*?)\\))?([-+ #0]*)(\\d{0,8})(\\.\\d{1,8})?(.?)",
      Pattern.DOTALL);
  private static final Pattern FIELD = Pattern.compile("\\{\\{|\\}\\}|\\{(\\w*)(?:!([sra]))?\\}|[{}]");

  private final List<Object> values;

  /** How many of the values were taken in order; -1 once one was taken by its number. */
  private int used;

  private TextFormat(List<Object> values) {
    this.values = values;
  }

  /** {@code format % values}; {@code values} is a tuple, a dict, or the one value. */
  static String percent(String format, Object values) {
    TextFormat state = new TextFormat(values instanceof Tuple tuple ? tuple : Collections.singletonList(values));
    Matcher m = DIRECTIVE.matcher(format);
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      String text = m.group(5).equals("%") ? "%"
          : laidOut(m, m.group(1) == null ? state.next() : item(values, m.group(1)));
      m.appendReplacement(out, Matcher.quoteReplacement(text));
      Budget.text(out.length());
    }
    boolean keyed = values instanceof Map || values instanceof List && !(values instanceof Tuple);
    if (!keyed && state.used < state.values.size()) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return m.appendTail(out).toString();
  }

  private static String laidOut(Matcher m, Object value) {
    String flags = m.group(2);
    String precision = m.group(4) == null ? "" : m.group(4);
    char type = m.group(5).isEmpty() ? '?' : m.group(5).charAt(0);
    if ("diuxXoeEfF".indexOf(type) >= 0 && !Values.isNumber(Values.require(value))) {
      throw new TemplateException("%sa real number is required, not %s",
          "diu".indexOf(type) >= 0 ? "%" + type + " format: " : "", Values.typeName(value));
    }
    int digits = precision.isEmpty() ? 6 : Integer.parseInt(precision.substring(1));
    Budget.text(digits + (m.group(3).isEmpty() ? 0 : Long.parseLong(m.group(3))));
    try {
      return switch (type) {
      case 's', 'r', 'a' -> String.format("%" + (flags.contains("-") ? "-" : "") + m.group(3) + precision + "s",
          type == 's' ? Values.str(value) : Values.repr(value));
      case 'd', 'i', 'u' -> String.format(Locale.ROOT, "%" + flags + m.group(3) + "d",
          Operators.big(value instanceof Double real ? Filters.truncate(real) : value));
      case 'x', 'X', 'o' -> String.format("%" + flags + m.group(3) + type, Operators.big(value));
      case 'e', 'E', 'f', 'F' -> {
        double real = Operators.real(value);
        if (!Double.isFinite(real)) {
          yield String.format("%" + flags + m.group(3) + "s", Values.str(real));
        }
        BigDecimal exact = new BigDecimal(real);
        yield String.format(Locale.ROOT, "%" + flags + m.group(3) + precision + (type == 'F' ? 'f' : type),
            type == 'e' || type == 'E' ? exact.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN))
                : exact.setScale(digits, RoundingMode.HALF_EVEN));
      }
      default -> throw new TemplateException("unsupported format character '%s'", m.group(5));
      };
    } catch (IllegalFormatException e) {
      throw new TemplateException("Unknown format code '%s' for object of type '%s'", type, Values.typeName(value));
    }
  }

  private Object next() {
    if (used >= values.size()) {
      throw new TemplateException("not enough arguments for format string");
    }
    return values.get(used++);
  }

  private static Object item(Object named, String name) {
    if (!(named instanceof Map<?, ?> map)) {
      throw new TemplateException("format requires a mapping");
    }
    Object value = Lookup.get(map, name, Values.MISSING);
    if (value == Values.MISSING) {
      throw new TemplateException(Texts.quote(name));
    }
    return value;
  }

  /** {@code format.format(args)}. */
  static String braces(String format, Args args) {
    TextFormat state = new TextFormat(args.positional());
    Matcher m = FIELD.matcher(format);
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      if (m.group().length() == 1) {
        throw new TemplateException("a field of the format string is not supported");
      }
      String text = m.group(1) == null ? m.group().substring(1) : state.field(m, args.named());
      m.appendReplacement(out, Matcher.quoteReplacement(text));
      Budget.text(out.length());
    }
    return m.appendTail(out).toString();
  }

  private String field(Matcher m, Map<String, Object> named) {
    String name = m.group(1);
    boolean numbered = name.matches("\\d{1,8}");
    if (name.isEmpty() ? used < 0 : numbered && used > 0) {
      throw new TemplateException("cannot switch from manual field specification to automatic field numbering");
    }
    used = numbered ? Integer.parseInt(name) : used;
    Object value = name.isEmpty() || numbered ? next() : item(named, name);
    used = numbered ? -1 : used;
    return m.group(2) == null || m.group(2).equals("s") ? Values.str(value) : Values.repr(value);
  }

  /** {@code repr(float)}: the shortest digits that read back as the same float. */
  static String repr(double value) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    BigDecimal exact = new BigDecimal(value);
    BigDecimal shortest;
    int digits = 0;
    do {
      shortest = exact.round(new MathContext(++digits, RoundingMode.HALF_EVEN));
    } while (shortest.doubleValue() != value);
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = shortest.stripTrailingZeros().toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String mantissa = shortest.movePointLeft(exponent).stripTrailingZeros().toPlainString();
    return mantissa + "e%+03d".formatted(exponent);
  }
}
