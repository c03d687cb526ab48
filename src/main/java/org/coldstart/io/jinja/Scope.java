package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.Map;

/**
 * Variables of a body, in front of those around it. What a loop, macro or {@code with} sets ends
 * with it.
 */
record Scope(Map<String, Object> variables, Scope outer) {
  /** The scope of a body within this one. */
  Scope inner() {
    return new Scope(new HashMap<>(), this);
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.variables.getOrDefault(name, Values.MISSING);
      if (value != Values.MISSING) {
        return value;
      }
    }
    return new Values.Undefined("'" + name + "' is undefined");
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
