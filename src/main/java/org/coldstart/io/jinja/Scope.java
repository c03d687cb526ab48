package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Undefined;

/**
 * Variables of a body, in front of those around it: what a loop, macro or {@code with} sets ends with it.
 *
 * @param output the rendering as far as it has got
 * @param generated the {@code generation} blocks so far
 */
record Scope(Map<String, Object> variables, Scope outer, StringBuilder output, List<Span> generated) {
  /** The scope of a body within this one. */
  Scope inner() {
    return new Scope(new HashMap<>(), this, output, generated);
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.variables.getOrDefault(name, Values.MISSING);
      if (value != Values.MISSING) {
        return value;
      }
    }
    return new Undefined("'" + name + "' is undefined");
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
