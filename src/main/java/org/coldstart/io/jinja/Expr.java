package org.coldstart.io.jinja;

import java.util.List;
import java.util.Map;

/** An expression of a template, as parsed. The nodes are those of {@code jinja2.nodes}. */
sealed interface Expr {
  /** A literal: a string, a number, a boolean or {@code none} (null). */
  record Constant(Object value) implements Expr {
    static final Constant NONE = new Constant(null);
  }

  /** A variable's name. */
  record Name(String name) implements Expr {
    /** What a captured body's filters start from: the body. No template can write this name. */
    static final Name BODY = new Name("(body)");
  }

  /** {@code [a, b]}. */
  record ListOf(List<Expr> items) implements Expr {}

  /** {@code (a, b)}, or {@code a, b} without parentheses. */
  record TupleOf(List<Expr> items) implements Expr {}

  /** {@code {k: v}}. */
  record DictOf(List<Expr> keys, List<Expr> values) implements Expr {}

  /** {@code object.name}: an attribute, else an item of that name. */
  record Attribute(Expr object, String name) implements Expr {}

  /** {@code object[key]}: an item, else an attribute of that name. */
  record Item(Expr object, Expr key) implements Expr {}

  /** {@code object[from:to:step]}; a missing bound is none. */
  record Slice(Expr object, Expr from, Expr to, Expr step) implements Expr {}

  /** {@code function(…)}. */
  record Call(Expr function, Arguments arguments) implements Expr {}

  /** {@code input|name(…)}. */
  record Filtered(Expr input, String name, Arguments arguments) implements Expr {}

  /** {@code input is name(…)}. */
  record Tested(Expr input, String name, Arguments arguments) implements Expr {}

  /** {@code not x}. */
  record Not(Expr operand) implements Expr {}

  /** {@code -x} or {@code +x}. */
  record Signed(String sign, Expr operand) implements Expr {}

  /** {@code left operator right} for {@code + - * / // % ** ~ and or}. */
  record Binary(String operator, Expr left, Expr right) implements Expr {}

  /** {@code a < b <= c}, {@code a in b}: true if each pair of neighbours is. */
  record Compare(Expr first, List<String> operators, List<Expr> others) implements Expr {}

  /** {@code then if test else otherwise}. */
  record Conditional(Expr test, Expr then, Expr otherwise) implements Expr {}

  /** What {@code x if y} is otherwise: undefined. */
  record NoElse(int line) implements Expr {}

  /**
   * What stands between a call's parentheses; {@code star} ({@code *a}) and {@code starStar} ({@code **k}) may be null.
   */
  record Arguments(List<Expr> positional, Map<String, Expr> named, Expr star, Expr starStar) {
    static final Arguments NONE = new Arguments(List.of(), Map.of(), null, null);
  }
}
