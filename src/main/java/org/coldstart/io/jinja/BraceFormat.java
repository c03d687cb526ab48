package org.coldstart.io.jinja;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Values.Markup;

/**
 * {@code 'text {} {0.name} {key[0]!r:>8}'.format(…)}; attributes and items go through the sandbox.
 */
final class BraceFormat {
  private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");

  private final Runtime rt;
  private final Args args;
  private final boolean html;
  private int automatic;
  private boolean manual;

  private BraceFormat(Runtime rt, Args args, boolean html) {
    this.rt = rt;
    this.args = args;
    this.html = html;
  }

  /** {@code format.format(args)}. */
  static Object format(Runtime rt, Object format, Args args) {
    String text = new BraceFormat(rt, args, format instanceof Markup).run(format.toString(), 2);
    return format instanceof Markup ? new Markup(text) : text;
  }

  private String run(String format, int depth) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '{' && c != '}') {
        out.append(c);
      } else if (i + 1 < format.length() && format.charAt(i + 1) == c) {
        out.append(c);
        i++;
      } else if (c == '}' || depth == 0) {
        throw new TemplateException(
            c == '}' ? "Single '}' encountered in format string" : "Max string recursion exceeded");
      } else {
        int end = fieldEnd(format, i + 1);
        out.append(field(format.substring(i + 1, end), depth));
        i = end;
      }
      if (out.length() > rt.limits.length()) {
        rt.checkText(out.length());
      }
    }
    return out.toString();
  }

  private static int fieldEnd(String format, int start) {
    int open = 1;
    for (int i = start; i < format.length(); i++) {
      open += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
      if (open == 0) {
        return i;
      }
    }
    throw new TemplateException(
        start == format.length()
            ? "Single '{' encountered in format string"
            : "expected '}' before end of string");
  }

  private String field(String field, int depth) {
    int end = 0;
    boolean bracket = false;
    while (end < field.length()
        && (bracket || field.charAt(end) != ':' && field.charAt(end) != '!')) {
      bracket = field.charAt(end) == '[' || bracket && field.charAt(end) != ']';
      end++;
    }
    Object value = value(field.substring(0, end));
    if (field.startsWith("!", end)) {
      if (end + 1 >= field.length() || "sra".indexOf(field.charAt(end + 1)) < 0) {
        throw new TemplateException("Unknown conversion specifier");
      }
      value = field.charAt(end + 1) == 's' ? PyText.str(rt, value) : PyText.repr(rt, value);
      end += 2;
    }
    String spec = end < field.length() ? run(field.substring(end + 1), depth - 1) : "";
    return laidOut(value, spec);
  }

  private String laidOut(Object value, String spec) {
    boolean takesSpec = PyText.isText(value) || Numbers.isNumber(value);
    if (!spec.isEmpty() && !takesSpec) {
      throw new TemplateException(
          "unsupported format string passed to " + PyText.typeName(value) + ".__format__");
    }
    String text = spec.isEmpty() ? PyText.str(rt, value) : FormatSpec.parse(spec).format(rt, value);
    return html && !(value instanceof Markup) ? Markup.escape(text).text() : text;
  }

  private Object value(String path) {
    Matcher step = STEP.matcher(path);
    int dot = path.indexOf('.');
    int bracket = path.indexOf('[');
    int nameEnd = Math.min(dot < 0 ? path.length() : dot, bracket < 0 ? path.length() : bracket);
    Object value = first(path.substring(0, nameEnd));
    int position = nameEnd;
    while (position < path.length()) {
      if (!step.region(position, path.length()).lookingAt()) {
        throw new TemplateException("Empty attribute in format string");
      }
      String key = step.group(2);
      value =
          key == null
              ? Lookup.attribute(rt, value, step.group(1))
              : Lookup.item(rt, value, key.matches("\\d{1,9}") ? (Object) Long.valueOf(key) : key);
      position = step.end();
    }
    return value;
  }

  private Object first(String name) {
    if (name.isEmpty() || name.matches("\\d{1,9}")) {
      if (name.isEmpty() ? manual : automatic > 0) {
        throw new TemplateException(
            "cannot switch from manual field specification to automatic field numbering");
      }
      manual = !name.isEmpty();
      int index = name.isEmpty() ? automatic++ : Integer.parseInt(name);
      if (index >= args.positional().size()) {
        throw new TemplateException(
            "Replacement index " + index + " out of range for positional args tuple");
      }
      return args.positional().get(index);
    }
    if (!args.named().containsKey(name)) {
      throw new TemplateException(PyText.quote(name));
    }
    return args.named().get(name);
  }
}
