package org.coldstart.io.jinja;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Values.Markup;

/**
 * Python's {@code 'text' % values}: {@code %s %r %d %i %u %x %o %e %f %g %c %%}, also {@code
 * %(name)s}.
 */
final class PercentFormat {
  private static final Pattern DIRECTIVE =
      Pattern.compile(
          "%(?:\\(([^)]*)\\))?([-+ #0]*)(\\*|\\d{1,9})?(?:\\.(\\*|\\d{0,9}))?[hlL]?(.)",
          Pattern.DOTALL);

  private final Runtime rt;
  private final Object values;
  private final boolean html;
  private int used;

  private PercentFormat(Runtime rt, Object values, boolean html) {
    this.rt = rt;
    this.values = values;
    this.html = html;
  }

  /** {@code format % values}; {@code values} is a tuple, a dict, or the one value. */
  static Object format(Runtime rt, Object format, Object values) {
    PercentFormat state = new PercentFormat(rt, values, format instanceof Markup);
    String text = state.run(format.toString());
    return format instanceof Markup ? new Markup(text) : text;
  }

  private String run(String format) {
    StringBuilder out = new StringBuilder();
    Matcher m = DIRECTIVE.matcher(format);
    int position = 0;
    for (int at = format.indexOf('%'); at >= 0; at = format.indexOf('%', position)) {
      if (!m.region(at, format.length()).lookingAt()) {
        throw new TemplateException("incomplete format");
      }
      out.append(format, position, at).append(directive(m));
      position = m.end();
      rt.checkText(out.length());
    }
    boolean mapping = values instanceof Map || values instanceof List && !(values instanceof Tuple);
    if (!mapping && used < (values instanceof Tuple tuple ? tuple.size() : 1)) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return out.append(format, position, format.length()).toString();
  }

  private String directive(Matcher m) {
    char type = m.group(5).charAt(0);
    if (type == '%') {
      return "%";
    }
    long width =
        "*".equals(m.group(3))
            ? Numbers.index(next())
            : m.group(3) == null ? 0 : Long.parseLong(m.group(3));
    long precision =
        m.group(4) == null
            ? -1
            : m.group(4).isEmpty()
                ? 0
                : m.group(4).equals("*") ? Numbers.index(next()) : Long.parseLong(m.group(4));
    String flags = m.group(2);
    Object value = m.group(1) != null ? named(m.group(1)) : next();
    boolean left = flags.contains("-") || width < 0;
    boolean zeros = flags.contains("0") && !left && "srac".indexOf(type) < 0;
    char sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
    return convert(
        type,
        value,
        new FormatSpec(
            zeros ? '0' : ' ',
            left ? '<' : zeros ? '=' : '>',
            sign,
            flags.contains("#"),
            Math.abs(width),
            (char) 0,
            precision,
            type));
  }

  private String convert(char type, Object value, FormatSpec spec) {
    return switch (type) {
      case 's' ->
          spec.text(rt, html ? Markup.escape(PyText.str(rt, value)).text() : PyText.str(rt, value));
      case 'r', 'a' -> spec.text(rt, PyText.repr(rt, value));
      case 'c' ->
          spec.text(
              rt,
              PyText.isText(value)
                  ? value.toString()
                  : new String(Character.toChars((int) Numbers.index(value))));
      case 'd', 'i', 'u' -> withPrecision(spec, 'd', wholeNumber(type, value));
      case 'x', 'X', 'o' -> withPrecision(spec, type, value);
      case 'e', 'E', 'f', 'F', 'g', 'G' -> spec.format(rt, Numbers.real(number(type, value)));
      default -> throw new TemplateException("unsupported format character '" + type + "'");
    };
  }

  private String withPrecision(FormatSpec spec, char type, Object value) {
    if (!Numbers.isInteger(value)) {
      throw new TemplateException(
          "%" + type + " format: an integer is required, not " + PyText.typeName(value));
    }
    Object whole = Numbers.normal(Numbers.big(value));
    FormatSpec digits =
        new FormatSpec('0', '=', spec.sign(), spec.alternate(), 0, (char) 0, -1, type);
    String text = digits.format(rt, whole);
    int front = text.startsWith("-") || text.startsWith("+") || text.startsWith(" ") ? 1 : 0;
    String padded =
        text.substring(0, front) + Padding.zeros(rt, text.substring(front), spec.precision());
    boolean zeros = spec.fill() == '0' && spec.align() == '=';
    if (zeros) {
      return padded.substring(0, front)
          + Padding.zeros(rt, padded.substring(front), spec.width() - front);
    }
    return spec.align() == '<'
        ? Padding.left(rt, padded, spec.width(), ' ')
        : Padding.right(rt, padded, spec.width(), ' ');
  }

  private Object wholeNumber(char type, Object value) {
    Object number = number(type, value);
    return number instanceof Double real ? Numbers.normal(NumberFilters.truncate(real)) : number;
  }

  private static Object number(char type, Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!Numbers.isNumber(value)) {
      throw new TemplateException(
          "%"
                  .concat(
                      "deEfFgGiu".indexOf(type) > 0 && "du".indexOf(type) < 0 && type != 'i'
                          ? type + " format: must be real number, not "
                          : type + " format: a real number is required, not ")
              + PyText.typeName(value));
    }
    return value;
  }

  private Object next() {
    int size = values instanceof Tuple tuple ? tuple.size() : 1;
    if (used >= size) {
      throw new TemplateException("not enough arguments for format string");
    }
    Object value = values instanceof Tuple tuple ? tuple.get(used) : values;
    used++;
    return value;
  }

  private Object named(String name) {
    if (!(values instanceof Map<?, ?> map)) {
      throw new TemplateException("format requires a mapping");
    }
    Object value = Dicts.get(rt, map, name, Values.MISSING);
    if (value == Values.MISSING) {
      throw new TemplateException(PyText.quote(name));
    }
    return value;
  }
}
