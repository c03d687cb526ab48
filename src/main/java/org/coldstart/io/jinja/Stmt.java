package org.coldstart.io.jinja;

import java.util.List;

/** A piece of a template: text, a {@code {{ … }}} or a {@code {% … %}} with its body. */
sealed interface Stmt {
  /** The line it starts on, from 1. */
  int line();

  /** Text outside tags. */
  record Data(int line, String text) implements Stmt {}

  /** {@code {{ expression }}}. */
  record Print(int line, Expr expression) implements Stmt {}

  /** {@code if test}; an {@code elif} is an {@code If} of its own in {@code otherwise}. */
  record If(int line, Expr test, List<Stmt> then, List<Stmt> otherwise) implements Stmt {}

  /** {@code for target in items if test}; {@code test} may be null. */
  record For(int line, Target target, Expr items, Expr test, boolean recursive, List<Stmt> body, List<Stmt> otherwise)
      implements Stmt {}

  /** {@code set target = value}. */
  record Assign(int line, Target target, Expr value) implements Stmt {}

  /** {@code set target | filters}, or {@code filter} (without target), applied to the body. */
  record Captured(int line, Target target, Expr filters, List<Stmt> body) implements Stmt {}

  /**
   * {@code macro name(parameters)}. Defaults belong to the last parameters; the flags are whether the body reads the
   * special names {@code caller}, {@code varargs} and {@code kwargs}.
   */
  record DefineMacro(int line, String name, List<String> parameters, List<Expr> defaults, List<Stmt> body,
      boolean readsCaller, boolean readsVarargs, boolean readsKwargs) implements Stmt {}

  /** {@code call(parameters) macro(…)}: the body is the macro's {@code caller}. */
  record CallBlock(int line, DefineMacro caller, Expr.Call call) implements Stmt {}

  /** {@code with a = 1, b = 2}. */
  record With(int line, List<Assign> assigns, List<Stmt> body) implements Stmt {}

  /** {@code generation}: what the assistant writes. */
  record Generation(int line, List<Stmt> body) implements Stmt {}

  /** {@code break}, or {@code continue}. */
  record Leave(int line, boolean breaks) implements Stmt {}

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
