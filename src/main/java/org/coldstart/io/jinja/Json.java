package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Method.Bound;

/**
 * The {@code tojson} filter as transformers has it: {@code json.dumps} with {@code
 * ensure_ascii=False}, no HTML escaping.
 */
final class Json {
  private final Runtime rt;
  private final boolean ascii;
  private final String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final boolean sortKeys;
  private final StringBuilder out = new StringBuilder();

  private Json(Runtime rt, Bound args) {
    this.rt = rt;
    ascii = args.isTrue(0);
    Object width = args.get(1, null);
    indent =
        width == null
            ? null
            : PyText.isText(width)
                ? width.toString()
                : Padding.fill(rt, Math.max(0, Numbers.index(width)), ' ');
    Object separators = args.get(2, null);
    List<Object> pair =
        separators == null
            ? List.of(indent == null ? ", " : ",", ": ")
            : Iteration.list(rt, separators);
    if (pair.size() != 2 || !PyText.isText(pair.get(0)) || !PyText.isText(pair.get(1))) {
      throw new TemplateException(
          "tojson: separators are two texts, (item_separator, key_separator)");
    }
    itemSeparator = pair.get(0).toString();
    keySeparator = pair.get(1).toString();
    sortKeys = args.isTrue(3);
  }

  /** The filter; its arguments are {@code ensure_ascii, indent, separators, sort_keys}. */
  static String dump(Runtime rt, Object value, Bound args) {
    Json json = new Json(rt, args);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int level) {
    rt.enter();
    if (value == null) {
      out.append("null");
    } else if (PyText.isText(value)) {
      quote(value.toString());
    } else if (value instanceof Boolean || value instanceof Long || value instanceof BigInteger) {
      out.append(value);
    } else if (value instanceof Double real) {
      out.append(real(real));
    } else if (value instanceof Map<?, ?> dict) {
      writeDict(dict, level);
    } else if (value instanceof List<?> list && !(value instanceof Values.Range)) {
      writeList(list, level);
    } else {
      throw new TemplateException(
          "Object of type " + PyText.typeName(value) + " is not JSON serializable");
    }
    if (out.length() > rt.limits.length()) {
      rt.checkText(out.length());
    }
    rt.leave();
  }

  private static String real(double value) {
    return Double.isNaN(value)
        ? "NaN"
        : Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Numbers.repr(value);
  }

  private void writeList(List<?> list, int level) {
    out.append('[');
    String separator = "";
    for (Object item : list) {
      out.append(separator);
      newLine(level + 1);
      write(item, level + 1);
      separator = itemSeparator;
    }
    close(list.isEmpty(), level, ']');
  }

  private void writeDict(Map<?, ?> dict, int level) {
    out.append('{');
    String separator = "";
    List<Map.Entry<?, ?>> entries = new ArrayList<>(dict.entrySet());
    if (sortKeys) {
      entries.sort((a, b) -> Comparison.compare(rt, "<", a.getKey(), b.getKey()));
    }
    for (Map.Entry<?, ?> entry : entries) {
      out.append(separator);
      newLine(level + 1);
      quote(key(entry.getKey()));
      out.append(keySeparator);
      write(entry.getValue(), level + 1);
      separator = itemSeparator;
    }
    close(dict.isEmpty(), level, '}');
  }

  private String key(Object key) {
    if (key == null) {
      return "null";
    }
    if (key instanceof Double real) {
      return real(real);
    }
    if (!PyText.isText(key) && !Numbers.isNumber(key)) {
      throw new TemplateException(
          "keys must be str, int, float, bool or None, not " + PyText.typeName(key));
    }
    return key.toString();
  }

  private void close(boolean empty, int level, char bracket) {
    if (!empty) {
      newLine(level);
    }
    out.append(bracket);
  }

  private void newLine(int level) {
    if (indent != null) {
      rt.checkText((long) indent.length() * level);
      out.append('\n').append(indent.repeat(level));
    }
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ' || ascii && c > '~') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
