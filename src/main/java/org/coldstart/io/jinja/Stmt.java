package org.coldstart.io.jinja;

/** A piece of a template as parsed: text, a {@code {{ … }}}, or a {@code {% … %}} with its body. */
@FunctionalInterface
interface Stmt {
  /** Writes itself to {@code out}, and may set variables of {@code scope}. */
  void run(Scope scope, StringBuilder out);

  /** What it writes, as a text. */
  default String text(Scope scope) {
    StringBuilder out = new StringBuilder();
    run(scope, out);
    return out.toString();
  }

  /** This, within the budget, with {@code line} as that of its errors. */
  default Stmt at(int line) {
    return (scope, out) -> {
      Budget.enter();
      try {
        run(scope, out);
      } catch (TemplateException e) {
        throw e.at(line);
      } finally {
        Budget.leave();
      }
    };
  }

  /** Writes a value. */
  static void write(Object value, StringBuilder out) {
    String text = Values.str(value);
    Budget.growing(out.append(text));
    Budget.text(text.length());
  }

  /** Where an assignment goes. */
  @FunctionalInterface
  interface Target {
    void assign(Object value, Scope scope);
  }

  /** How {@code break} and {@code continue} get to their loop. */
  final class LoopExit extends RuntimeException {
    private static final long serialVersionUID = 1L;
    static final LoopExit BREAK = new LoopExit();
    static final LoopExit CONTINUE = new LoopExit();

    private LoopExit() {
      super(null, null, false, false);
    }
  }
}
