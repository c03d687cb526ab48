package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.Map;

/**
 * Variables of a body, in front of those around it. What a loop, macro or {@code with} sets ends
 * with it.
 */
final class Scope {
  final Map<String, Object> variables;
  private final Scope outer;

  private Scope(Map<String, Object> variables, Scope outer) {
    this.variables = variables;
    this.outer = outer;
  }

  /** The outermost variables. */
  static Scope of(Map<String, Object> variables) {
    return new Scope(new HashMap<>(variables), null);
  }

  /** A body within this one. */
  Scope inner() {
    return new Scope(new HashMap<>(), this);
  }

  /** The outermost scope around this one: the template's own variables. */
  Scope root() {
    Scope scope = this;
    while (scope.outer.outer != null) {
      scope = scope.outer;
    }
    return scope;
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Object value = scope.variables.getOrDefault(name, Values.MISSING);
      if (value != Values.MISSING) {
        return value;
      }
    }
    return Undefined.variable(name);
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
