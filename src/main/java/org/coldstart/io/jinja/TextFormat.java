package org.coldstart.io.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Values.Markup;
import org.coldstart.io.jinja.Values.Tuple;

/**
 * Python's two ways to format: {@code 'text %s %(name)05.2f' % values} and {@code 'text {}
 * {key[0].name!r:>8}'.format(…)}, and how it prints floats.
 */
final class TextFormat {
  private static final Pattern DIRECTIVE =
      Pattern.compile(
          "%(?:\\(([^)]*)\\))?([-+ #0]*)(\\d{1,8})?(?:\\.(\\d{0,8}))?(.)?", Pattern.DOTALL);
  private static final Pattern FIELD =
      Pattern.compile(
          "\\{\\{|\\}\\}|\\{([^\\[.{}!:]*)((?:\\.[^.\\[{}!:]+|\\[[^\\]]+\\])*)"
              + "(?:!([sra]))?(?::([^{}]*))?\\}|[{}]");
  private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");
  private static final Pattern SPEC =
      Pattern.compile(
          "(?:(.)?([<>=^]))?([-+ ]?)(#?)(0)?(\\d{1,8})?(,?)(?:\\.(\\d{1,8}))?([a-zA-Z%])?",
          Pattern.DOTALL);

  private final List<Object> values;
  private final boolean html;

  /** How many of the values were taken in order. */
  private int used;

  private TextFormat(List<Object> values, boolean html) {
    this.values = values;
    this.html = html;
  }

  /** {@code format % values}; {@code values} is a tuple, a dict, or the one value. */
  static Object percent(Object format, Object values) {
    List<Object> inOrder =
        values instanceof Tuple tuple ? tuple : Collections.singletonList(values);
    TextFormat state = new TextFormat(inOrder, format instanceof Markup);
    Matcher m = DIRECTIVE.matcher(format.toString());
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      String text = "%".equals(m.group(5)) ? "%" : state.directive(m, values);
      m.appendReplacement(out, Matcher.quoteReplacement(text));
      Budget.text(out.length());
    }
    boolean keyed = values instanceof Map || values instanceof List && !(values instanceof Tuple);
    if (!keyed && state.used < inOrder.size()) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return Values.like(format, m.appendTail(out).toString());
  }

  private String directive(Matcher m, Object named) {
    if (m.group(5) == null) {
      throw new TemplateException("incomplete format");
    }
    char type = m.group(5).charAt(0);
    int precision = m.group(4) == null ? -1 : Integer.parseInt("0" + m.group(4));
    String flags = m.group(2);
    String sign = flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
    Object value = m.group(1) == null ? next() : item(named, m.group(1));
    boolean number = "diuxXoeEfF".indexOf(type) >= 0;
    if (number && !Values.isNumber(Values.require(value))) {
      throw new TemplateException(
          "%%%s format: a real number is required, not %s", type, Values.typeName(value));
    }
    String text =
        switch (type) {
          case 's' -> cut(escaped(value, Values.str(value)), precision);
          case 'r', 'a' -> cut(Values.repr(value), precision);
          case 'd', 'i', 'u' ->
              number(value instanceof Double real ? Filters.truncate(real) : value, sign, -1, 'd');
          default -> number(value, sign + (flags.contains("#") ? "#" : ""), precision, type);
        };
    boolean zeros = number && flags.contains("0");
    char align = flags.contains("-") ? '<' : zeros ? '=' : '>';
    return padded(text, align == '=' ? "0" : " ", align, m.group(3));
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

  /** {@code format.format(args)}; attributes and items go through the sandbox. */
  static Object braces(Object format, Args args) {
    TextFormat state = new TextFormat(args.positional(), format instanceof Markup);
    Matcher m = FIELD.matcher(format.toString());
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      if (m.group().length() == 1) {
        throw new TemplateException("Single '%s' encountered in format string", m.group());
      }
      String text = m.group(1) == null ? m.group().substring(1) : state.field(m, args.named());
      m.appendReplacement(out, Matcher.quoteReplacement(text));
      Budget.text(out.length());
    }
    return Values.like(format, m.appendTail(out).toString());
  }

  private String field(Matcher m, Map<String, Object> named) {
    String name = m.group(1);
    if (name.isEmpty() ? used < 0 : name.matches("\\d{1,8}") && used > 0) {
      throw new TemplateException(
          "cannot switch from manual field specification to automatic field numbering");
    }
    Object value;
    if (name.isEmpty()) {
      value = next();
    } else if (name.matches("\\d{1,8}")) {
      used = Integer.parseInt(name);
      value = next();
      used = -1;
    } else {
      value = item(named, name);
    }
    for (Matcher step = STEP.matcher(m.group(2)); step.find(); ) {
      value =
          step.group(2) == null
              ? Lookup.attribute(value, step.group(1))
              : Lookup.path(value, step.group(2), null);
    }
    if (m.group(3) != null) {
      value = m.group(3).equals("s") ? Values.str(value) : Values.repr(value);
    }
    boolean plain = m.group(4) == null || m.group(4).isEmpty();
    return escaped(value, plain ? Values.str(value) : format(value, m.group(4)));
  }

  private String escaped(Object value, String text) {
    return html && !(value instanceof Markup) ? Markup.escape(text).text() : text;
  }

  /** {@code format(value, spec)}. */
  private static String format(Object value, String spec) {
    Matcher m = SPEC.matcher(spec);
    if (!m.matches()) {
      throw new TemplateException("Invalid format specifier %s", Texts.quote(spec));
    }
    char type = m.group(9) == null ? 0 : m.group(9).charAt(0);
    int precision = m.group(8) == null ? -1 : Integer.parseInt(m.group(8));
    boolean number = Values.isNumber(value) && !(value instanceof Boolean && type == 0);
    if (!number && type != 0 && type != 's') {
      throw unknownCode(type, value);
    }
    String flags = m.group(3).replace("-", "") + m.group(4) + m.group(7);
    String text =
        number ? number(value, flags, precision, type) : cut(Values.str(value), precision);
    boolean zeros = m.group(5) != null;
    String fill = m.group(1) != null ? m.group(1) : zeros ? "0" : " ";
    char align = m.group(2) != null ? m.group(2).charAt(0) : zeros ? '=' : number ? '>' : '<';
    return padded(text, fill, align, m.group(6));
  }

  private static TemplateException unknownCode(char type, Object value) {
    return new TemplateException(
        "Unknown format code '%s' for object of type '%s'", type, Values.typeName(value));
  }

  /** A number's digits; {@code flags} are Java's for its sign, prefix and grouping. */
  private static String number(Object value, String flags, int precision, char type) {
    if (type == 0 && value instanceof Double real) {
      String digits = repr(real);
      int point = digits.indexOf('.');
      boolean plain = point >= 0 && digits.indexOf('e') < 0;
      return plain ? number(value, flags, digits.length() - point - 1, 'f') : digits;
    }
    boolean whole = type == 0 || "dxXo".indexOf(type) >= 0;
    if (whole && Values.isInteger(value)) {
      return String.format(
          Locale.ROOT, "%" + flags + (type == 0 ? 'd' : type), Operators.big(value));
    }
    if (whole || "eEfF%".indexOf(type) < 0) {
      throw unknownCode(type, value);
    }
    double real = Operators.real(value);
    if (!Double.isFinite(real)) {
      return repr(real);
    }
    int digits = precision < 0 ? 6 : precision;
    Budget.text(digits);
    BigDecimal exact = new BigDecimal(real).movePointRight(type == '%' ? 2 : 0);
    boolean scientific = type == 'e' || type == 'E';
    BigDecimal rounded =
        scientific
            ? exact.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN))
            : exact.setScale(digits, RoundingMode.HALF_EVEN);
    String form = "%" + flags + "." + digits + (scientific ? type : 'f');
    return String.format(Locale.ROOT, form, rounded) + (type == '%' ? "%" : "");
  }

  private static String cut(String text, int precision) {
    boolean longer = precision >= 0 && precision < Values.length(text);
    return longer ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
  }

  private static String padded(String text, String fill, char align, String width) {
    String padding = width == null ? "" : Texts.pad(text, Long.parseLong(width), fill);
    int signed = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
    int left = padding.length() / 2;
    return switch (align) {
      case '<' -> text + padding;
      case '=' -> text.substring(0, signed) + padding + text.substring(signed);
      case '^' -> padding.substring(0, left) + text + padding.substring(left);
      default -> padding + text;
    };
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
