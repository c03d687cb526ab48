package org.coldstart.io.jinja;

import java.util.List;

/** An expression of a template, as parsed. The nodes are those of {@code jinja2.nodes}. */
sealed interface Expr {
  /** A literal: a string, a number, a boolean or {@code none} (null). */
  record Constant(Object value) implements Expr {}

  /** A variable's name. */
  record Name(String name) implements Expr {}

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

  /** {@code object[from:to:step]}; a missing bound is null. */
  record Slice(Expr object, Expr from, Expr to, Expr step) implements Expr {}

  /** {@code function(…)}. */
  record Call(Expr function, Arguments arguments) implements Expr {}

  /** {@code input|name(…)}. */
  record Filtered(Expr input, FilterStep step) implements Expr {}

  /** {@code input is name(…)}. */
  record Tested(Expr input, String name, Arguments arguments) implements Expr {}

  /** {@code -x} or {@code +x}. */
  record Signed(boolean negative, Expr operand) implements Expr {}

  /** {@code not x}. */
  record Not(Expr operand) implements Expr {}

  /** {@code left operator right} for {@code + - * / // % **}. */
  record Binary(String operator, Expr left, Expr right) implements Expr {}

  /** {@code a ~ b ~ c}: the texts joined. */
  record Concat(List<Expr> parts) implements Expr {}

  /** {@code a < b <= c}, {@code a in b}: true if each pair of neighbours is. */
  record Compare(Expr first, List<Operand> operands) implements Expr {}

  /** {@code left and right}, {@code left or right}: one of the two values. */
  record Logical(boolean and, Expr left, Expr right) implements Expr {}

  /** {@code then if test else otherwise}; {@code otherwise} is null where it is left out. */
  record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {}

  /** A comparison's operator with its right side. */
  record Operand(String operator, Expr value) {}

  /** One filter of a chain. */
  record FilterStep(String name, Arguments arguments, int line) {}

  /** {@code name=value} in a call. */
  record Keyword(String name, Expr value) {}

  /**
   * What stands between a call's parentheses; {@code star} ({@code *a}) and {@code starStar}
   * ({@code **k}) may be null.
   */
  record Arguments(List<Expr> positional, List<Keyword> keywords, Expr star, Expr starStar) {
    static final Arguments NONE = new Arguments(List.of(), List.of(), null, null);
  }
}
