package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.HashMap;
import java.util.IllegalFormatException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
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

  private TextFormat() {}

  /** {@code format % values}; {@code values} is a tuple, a dict, or the one value. */
  static String percent(String format, Object values) {
    Iterator<Object> inOrder = (values instanceof Tuple tuple ? tuple : Collections.singletonList(values)).iterator();
    String text = replaceAll(DIRECTIVE, format,
        m -> m.group(5).equals("%") ? "%" : laidOut(m, m.group(1) == null ? next(inOrder) : item(values, m.group(1))));
    boolean keyed = values instanceof Map || values instanceof List && !(values instanceof Tuple);
    if (!keyed && inOrder.hasNext()) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return text;
  }

  private static String replaceAll(Pattern pattern, String format, Function<Matcher, String> replacement) {
    Matcher m = pattern.matcher(format);
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      m.appendReplacement(out, Matcher.quoteReplacement(replacement.apply(m)));
      Budget.text(out.length());
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

  private static Object next(Iterator<Object> values) {
    if (!values.hasNext()) {
      throw new TemplateException("not enough arguments for format string");
    }
    return values.next();
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

  /** {@code format.format(args)}; fields are {@code {}}, {@code {0}} or {@code {name}}. */
  static String braces(String format, Args args) {
    Map<String, Object> named = new HashMap<>(args.named());
    for (int i = 0; i < args.positional().size(); i++) {
      named.put(String.valueOf(i), args.get(i));
    }
    Iterator<Object> inOrder = args.positional().iterator();
    return replaceAll(FIELD, format, m -> {
      if (m.group().length() == 1) {
        throw new TemplateException("a field of the format string is not supported");
      }
      if (m.group(1) == null) {
        return m.group().substring(1);
      }
      Object value = m.group(1).isEmpty() ? next(inOrder) : item(named, m.group(1));
      return m.group(2) == null || m.group(2).equals("s") ? Values.str(value) : Values.repr(value);
    });
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
