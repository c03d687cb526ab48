package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Markup;

/**
 * How Python writes a value ({@code str}, {@code repr}), names its type, and what it takes for a
 * blank.
 */
final class PyText {
  private PyText() {}

  /** Whether the value is a str. */
  static boolean isText(Object value) {
    return value instanceof String || value instanceof Markup;
  }

  /** {@code str(value)}: what {@code {{ value }}} prints. */
  static String str(Runtime rt, Object value) {
    if (isText(value)) {
      return value.toString();
    }
    return value instanceof Undefined ? "" : repr(rt, value);
  }

  /** {@code repr(value)}: what a list prints of its items. */
  static String repr(Runtime rt, Object value) {
    StringBuilder out = new StringBuilder();
    write(rt, value, out);
    return out.toString();
  }

  private static void write(Runtime rt, Object value, StringBuilder out) {
    rt.enter();
    if (value instanceof List<?> && !(value instanceof Values.Range)) {
      writeList(rt, (List<?>) value, out);
    } else if (value instanceof Map<?, ?> map) {
      writeDict(rt, map, out);
    } else if (value instanceof Values.View view) {
      out.append(view.kind()).append('(');
      write(rt, view.items(), out);
      out.append(')');
    } else if (value instanceof Values.Namespace namespace) {
      out.append("<Namespace ");
      write(rt, namespace.attributes(), out);
      out.append('>');
    } else {
      out.append(simple(value));
    }
    if (out.length() > rt.limits.length()) {
      rt.checkText(out.length());
    }
    rt.leave();
  }

  private static void writeList(Runtime rt, List<?> list, StringBuilder out) {
    boolean tuple = list instanceof Tuple;
    out.append(tuple ? '(' : '[');
    String separator = "";
    for (Object item : list) {
      out.append(separator);
      write(rt, item, out);
      separator = ", ";
    }
    out.append(tuple ? (list.size() == 1 ? ",)" : ")") : "]");
  }

  private static void writeDict(Runtime rt, Map<?, ?> dict, StringBuilder out) {
    out.append('{');
    String separator = "";
    for (Map.Entry<?, ?> entry : dict.entrySet()) {
      out.append(separator);
      write(rt, entry.getKey(), out);
      out.append(": ");
      write(rt, entry.getValue(), out);
      separator = ", ";
    }
    out.append('}');
  }

  private static String simple(Object value) {
    if (value == null) {
      return "None";
    }
    if (value instanceof Boolean flag) {
      return flag ? "True" : "False";
    }
    if (value instanceof Double real) {
      return Numbers.repr(real);
    }
    if (value instanceof Long || value instanceof BigInteger) {
      return value.toString();
    }
    if (value instanceof String text) {
      return quote(text);
    }
    if (value instanceof Markup markup) {
      return "Markup(" + quote(markup.text()) + ")";
    }
    if (value instanceof Values.Range range) {
      return "range("
          + range.start
          + ", "
          + range.stop
          + (range.step == 1 ? "" : ", " + range.step)
          + ")";
    }
    if (value instanceof Macro || value instanceof LoopContext) {
      return value.toString();
    }
    return value instanceof Undefined ? "Undefined" : "<" + typeName(value) + ">";
  }

  /** The {@code repr} of a key for an error message, cut short. */
  static String shortRepr(Object key) {
    String text = key instanceof List || key instanceof Map ? typeName(key) : simple(key);
    return text.length() > 100 ? text.substring(0, 100) + "…" : text;
  }

  /** {@code repr(str)}: quotes and escapes. */
  static String quote(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder(text.length() + 2).append(quote);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                  } else {
                    out.append(
                        c < 0x100
                            ? String.format("\\x%02x", c)
                            : c < 0x10000
                                ? String.format("\\u%04x", c)
                                : String.format("\\U%08x", c));
                  }
                }
              }
            });
    return out.append(quote).toString();
  }

  /** {@code str.isprintable} for one character. */
  static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }

  /** The name of the value's Python type. */
  static String typeName(Object value) {
    if (value == null) {
      return "NoneType";
    }
    if (isText(value)) {
      return value instanceof Markup ? "Markup" : "str";
    }
    if (value instanceof Boolean) {
      return "bool";
    }
    if (Numbers.isNumber(value)) {
      return value instanceof Double ? "float" : "int";
    }
    if (value instanceof List) {
      return value instanceof Tuple ? "tuple" : value instanceof Values.Range ? "range" : "list";
    }
    if (value instanceof Map) {
      return "dict";
    }
    if (value instanceof Values.View view) {
      return view.kind();
    }
    if (value instanceof Values.Function) {
      return "builtin_function_or_method";
    }
    if (value instanceof Values.Namespace) {
      return "TemplateNamespace";
    }
    return value instanceof Values.Generator ? "generator" : value.getClass().getSimpleName();
  }

  /** How messages about a missing attribute name the value that lacks it. */
  static String objectName(Object value) {
    return value == null ? "None" : typeName(value) + " object";
  }

  /** {@code bool(value)}. */
  static boolean isTrue(Object value) {
    if (value == null || value instanceof Undefined) {
      return false;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    if (Numbers.isNumber(value)) {
      return !(value instanceof Double real ? real == 0 : Numbers.big(value).signum() == 0);
    }
    if (isText(value)) {
      return !value.toString().isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return !(value instanceof Values.View view) || !view.items().isEmpty();
  }

  /** {@code len(value)}. */
  static long length(Object value) {
    if (isText(value)) {
      return value.toString().codePointCount(0, value.toString().length());
    }
    if (value instanceof List<?> list) {
      return list.size();
    }
    if (value instanceof Map<?, ?> map) {
      return map.size();
    }
    if (value instanceof Values.View view) {
      return view.items().size();
    }
    if (value instanceof LoopContext loop) {
      return loop.length();
    }
    if (value instanceof Undefined) {
      return 0;
    }
    throw new TemplateException("object of type '" + typeName(value) + "' has no len()");
  }

  /** The text with its HTML escaped, unless it is marked as escaped already. */
  static String escaped(Object text) {
    return text instanceof Markup markup ? markup.text() : Markup.escape(text.toString()).text();
  }

  /**
   * Whether Python takes the character for a blank: more than ASCII's and, unlike Java, no-break
   * spaces.
   */
  static boolean isSpace(int c) {
    return c == ' '
        || c >= 9 && c <= 13
        || c >= 28 && c <= 31
        || c >= 0x85 && (c == 0x85 || Character.isSpaceChar(c));
  }

  /** Whether all characters are blanks; true of no characters. */
  static boolean isBlank(String text) {
    return text.chars().allMatch(PyText::isSpace);
  }

  /** Without the blanks at the end. */
  static String stripRight(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }
}
