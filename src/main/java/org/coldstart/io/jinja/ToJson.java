package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.coldstart.io.jinja.Builtin.Args;

/** The {@code tojson} filter as transformers has it: {@code json.dumps} with {@code ensure_ascii=False}. */
final class ToJson {
  private final boolean ascii;
  private final String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final boolean sortKeys;
  private final StringBuilder out = new StringBuilder();

  private ToJson(Args args) {
    ascii = args.isTrue(0);
    Object width = args.get(1, null);
    indent = width == null || width instanceof String ? args.text(1, null) : Texts.pad("", args.integer(1), " ");
    List<Object> separators = args.get(2, null) == null ? List.of(indent == null ? ", " : ",", ": ")
        : Values.list(args.get(2));
    if (separators.size() != 2 || !separators.stream().allMatch(String.class::isInstance)) {
      throw new TemplateException("tojson: separators are two texts, (item_separator, key_separator)");
    }
    itemSeparator = separators.get(0).toString();
    keySeparator = separators.get(1).toString();
    sortKeys = args.isTrue(3);
  }

  /** The filter; its arguments are {@code ensure_ascii, indent, separators, sort_keys}. */
  static String apply(Object value, Args args) {
    ToJson json = new ToJson(args);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int level) {
    Budget.enter();
    if (value instanceof Map<?, ?> dict) {
      List<Map.Entry<?, ?>> entries = new ArrayList<>(dict.entrySet());
      if (sortKeys) {
        entries.sort((a, b) -> Operators.compare("<", a.getKey(), b.getKey()));
      }
      writeAll("{}", entries.size(), level, i -> {
        quote(scalar(entries.get(i).getKey(), "keys must be str, int, float, bool or None, not %s"));
        out.append(keySeparator);
        write(entries.get(i).getValue(), level + 1);
      });
    } else if (value instanceof List<?> list) {
      writeAll("[]", list.size(), level, i -> write(list.get(i), level + 1));
    } else if (value instanceof String text) {
      quote(text);
    } else {
      out.append(scalar(value, "Object of type %s is not JSON serializable"));
    }
    Budget.growing(out);
    Budget.leave();
  }

  private void writeAll(String brackets, int size, int level, IntConsumer writeItem) {
    out.append(brackets.charAt(0));
    for (int i = 0; i < size; i++) {
      newLine(i == 0 ? "" : itemSeparator, level + 1);
      writeItem.accept(i);
    }
    if (size > 0) {
      newLine("", level);
    }
    out.append(brackets.charAt(1));
  }

  private static String scalar(Object value, String refusal) {
    if (value instanceof Double real) {
      return Double.isNaN(real) ? "NaN"
          : Double.isInfinite(real) ? (real > 0 ? "Infinity" : "-Infinity") : TextFormat.repr(real);
    }
    if (value != null && !(value instanceof String) && !Values.isInteger(value)) {
      throw new TemplateException(refusal, Values.typeName(value));
    }
    return String.valueOf(value);
  }

  private void newLine(String separator, int level) {
    out.append(separator);
    if (indent != null) {
      Budget.text((long) indent.length() * level);
      out.append('\n').append(indent.repeat(level));
    }
  }

  private void quote(String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      int simple = "\"\\\n\r\t\b\f".indexOf(c);
      if (simple >= 0) {
        out.append('\\').append("\"\\nrtbf".charAt(simple));
      } else if (c < ' ' || ascii && c > '~') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
