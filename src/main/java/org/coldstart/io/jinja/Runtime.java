package org.coldstart.io.jinja;

import java.time.Clock;

/** One rendering: its clock, and what it has used of its {@link Limits}. */
final class Runtime {
  /** Characters that count as one step, so that work on long texts is bounded too. */
  private static final int CHARS_PER_STEP = 32;

  final Limits limits;
  final Clock clock;
  private long steps;
  private int depth;

  Runtime(Limits limits, Clock clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** Counts one step. */
  void step() {
    steps(1);
  }

  /** Counts {@code n} steps. */
  void steps(long n) {
    steps += n;
    if (steps > limits.steps()) {
      throw new TemplateException(
          "the template ran for more than " + limits.steps() + " steps: an endless loop?");
    }
  }

  /** Goes one level deeper; every call is paired with {@link #leave()}. */
  void enter() {
    step();
    if (++depth > limits.depth()) {
      throw new TemplateException(
          "maximum recursion depth exceeded: more than " + limits.depth() + " levels");
    }
  }

  void leave() {
    depth--;
  }

  /** Checks the length of a text before it is built. */
  void checkText(long length) {
    if (length > limits.length()) {
      throw new TemplateException("a text of more than " + limits.length() + " characters");
    }
    steps(length / CHARS_PER_STEP);
  }

  /** Checks the size of a list before it is built. */
  void checkItems(long size) {
    if (size > limits.items()) {
      throw new TemplateException("a list of more than " + limits.items() + " items");
    }
    steps(size);
  }
}
