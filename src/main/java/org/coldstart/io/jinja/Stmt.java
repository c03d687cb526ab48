package org.coldstart.io.jinja;

import java.util.List;

/** A piece of a template: text, a {@code {{ … }}} or a {@code {% … %}} with its body. */
sealed interface Stmt {
  /** Text outside tags. */
  record Text(String text) implements Stmt {}

  /** {@code {{ expression }}}. */
  record Print(Expr expression, int line) implements Stmt {}

  /** {@code if … elif … else}; an {@code else} is a branch whose test is true. */
  record If(List<Branch> branches) implements Stmt {}

  /** {@code for target in items if test}; {@code test} may be null. */
  record For(
      Target target,
      Expr items,
      Expr test,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> orElse,
      int line)
      implements Stmt {}

  /** {@code set target = value}. */
  record Assign(Target target, Expr value, int line) implements Stmt {}

  /** {@code set target | filters}, body, {@code endset}. */
  record AssignBlock(Target target, List<Expr.FilterStep> filters, List<Stmt> body, int line)
      implements Stmt {}

  /** {@code macro name(parameters)}. */
  record DefineMacro(MacroBody macro) implements Stmt {}

  /** {@code call(parameters) macro(…)}: the body is the macro's {@code caller}. */
  record CallBlock(MacroBody caller, Expr.Call call, int line) implements Stmt {}

  /** {@code filter name}. */
  record FilterBlock(List<Expr.FilterStep> filters, List<Stmt> body, int line) implements Stmt {}

  /** {@code with a = 1, b = 2}. */
  record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

  /** {@code generation}: what the assistant writes. */
  record Generation(List<Stmt> body) implements Stmt {}

  /** {@code block name}; not scoped, it sees the template's own variables only. */
  record Block(String name, boolean scoped, List<Stmt> body) implements Stmt {}

  /** {@code break}, or {@code continue}. */
  record Leave(boolean breaks) implements Stmt {}

  /** {@code include}, {@code import}, {@code extends}: there is nothing to load from. */
  record Load(String tag, int line) implements Stmt {}

  /** One test of an {@code if} and what it leads to. */
  record Branch(Expr test, List<Stmt> body, int line) {}

  /**
   * A macro: defaults belong to the last parameters; the flags say which special names its body
   * reads.
   */
  record MacroBody(
      String name,
      List<String> parameters,
      List<Expr> defaults,
      List<Stmt> body,
      boolean readsCaller,
      boolean readsVarargs,
      boolean readsKwargs,
      int line) {}

  /** Where an assignment goes. */
  sealed interface Target {
    /** A variable. */
    record Variable(String name) implements Target {}

    /** {@code namespace.attribute}. */
    record Member(String namespace, String attribute) implements Target {}

    /** Several, from a value of as many items. */
    record Unpack(List<Target> targets) implements Target {}
  }
}
