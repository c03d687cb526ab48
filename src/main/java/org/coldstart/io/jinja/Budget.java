package org.coldstart.io.jinja;

/**
 * What the rendering on this thread has used so far. Chat templates are code from strangers: the limits are far above
 * what a conversation needs and end a runaway template in about a second.
 */
final class Budget {
  /** Statements and expressions executed, and work on long values. */
  static final int MAX_STEPS = 10_000_000;

  /** Characters of the output, and of any one string. */
  static final int MAX_LENGTH = 1 << 24;

  /** Items of any one list. */
  static final int MAX_ITEMS = 1_000_000;

  /** Items of a {@code range(…)}, as in Jinja's own sandbox. */
  static final int MAX_RANGE = 100_000;

  /** Decimal digits of an integer, as in Python. */
  static final int MAX_DIGITS = 4_300;

  /** Nesting of what is executed: macros in macros, expressions in expressions. */
  static final int MAX_DEPTH = 1_500;

  private static final int CHARS_PER_STEP = 32;
  private static final ThreadLocal<Budget> CURRENT = new ThreadLocal<>();

  private long steps;
  private int depth;

  private Budget() {}

  /** Renders under a budget of its own. */
  static void within(Runnable rendering) {
    CURRENT.set(new Budget());
    try {
      rendering.run();
    } finally {
      CURRENT.remove();
    }
  }

  /** Counts {@code n} steps. */
  static void steps(long n) {
    Budget budget = CURRENT.get();
    budget.steps += n;
    if (budget.steps > MAX_STEPS) {
      throw new TemplateException("the template ran for more than %d steps: an endless loop?", MAX_STEPS);
    }
  }

  /** Goes one level deeper; every call is paired with {@link #leave()}. */
  static void enter() {
    steps(1);
    if (++CURRENT.get().depth > MAX_DEPTH) {
      throw new TemplateException("maximum recursion depth exceeded: more than %d levels", MAX_DEPTH);
    }
  }

  static void leave() {
    CURRENT.get().depth--;
  }

  /** Accounts for a text; called before a long one is built. */
  static void text(long length) {
    if (length > MAX_LENGTH) {
      throw new TemplateException("a text of more than %d characters", MAX_LENGTH);
    }
    steps(length / CHARS_PER_STEP);
  }

  /** Accounts for what is done with a value, if that is a text. */
  static void value(Object value) {
    text(value instanceof String text ? text.length() : 0);
  }

  /** Checks the length of a text that is being built. */
  static void growing(CharSequence text) {
    if (text.length() > MAX_LENGTH) {
      text(text.length());
    }
  }

  /** Accounts for a list; called before a long one is built. */
  static void items(long size) {
    if (size > MAX_ITEMS) {
      throw new TemplateException("a list of more than %d items", MAX_ITEMS);
    }
    steps(size);
  }

  /** Accounts for an integer; called before a long one is built. */
  static void bits(double bits) {
    if (bits * Math.log10(2) > MAX_DIGITS) {
      throw new TemplateException("an integer of more than %d digits", MAX_DIGITS);
    }
  }
}
