package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.Map;

/**
 * Jinja's filters by name. Left out are {@code urlize} and {@code pprint}, which make pages for
 * people to look at.
 */
final class Filters {
  static final Map<String, Method> ALL = new HashMap<>();

  private Filters() {}

  static {
    TextFilters.addTo(ALL);
    NumberFilters.addTo(ALL);
    SequenceFilters.addTo(ALL);
    SelectionFilters.addTo(ALL);
    Method.add(ALL, "tojson ensure_ascii? indent? separators? sort_keys?", Json::dump);
    Method.add(
        ALL,
        "default default_value? boolean?",
        (rt, value, a) ->
            value instanceof Undefined || a.isTrue(1) && !PyText.isTrue(value)
                ? a.get(0, "")
                : value);
    alias("d", "default");
    alias("count", "length");
    alias("e", "escape");
  }

  private static void alias(String name, String of) {
    ALL.put(name, ALL.get(of));
  }

  /** {@code value|name(args)}. */
  static Object apply(Runtime rt, String name, Object value, Args args) {
    Method filter = ALL.get(name);
    if (filter == null) {
      throw new TemplateException("No filter named '" + name + "'.");
    }
    rt.step();
    if (PyText.isText(value)) {
      rt.checkText(value.toString().length());
    }
    return filter.call(rt, value, args);
  }
}
