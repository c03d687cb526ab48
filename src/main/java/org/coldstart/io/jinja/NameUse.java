package org.coldstart.io.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the parser notes about names: which a macro's body reads, and that filters and tests are
 * known ones.
 */
final class NameUse {
  private final Deque<Set<String>> read = new ArrayDeque<>();
  private final List<TemplateException> unknown = new ArrayList<>();
  private boolean soft;

  /** Notes that {@code name} is read. */
  void read(String name) {
    if (!read.isEmpty()) {
      read.peek().add(name);
    }
  }

  /** Starts a macro's body. */
  void beginMacro() {
    read.push(new HashSet<>());
  }

  /** Ends it; returns the names read in it. An outer macro reads them too. */
  Set<String> endMacro() {
    Set<String> inner = read.pop();
    inner.forEach(this::read);
    return inner;
  }

  /**
   * Sets whether an unknown filter is an error only once it is reached: so it is directly in an
   * {@code if}, where a template may have asked for it first. Returns the value before.
   */
  boolean soft(boolean value) {
    boolean before = soft;
    soft = value;
    return before;
  }

  /** How many unknown names were met. */
  int unknown() {
    return unknown.size();
  }

  /**
   * Takes back the unknown names met since there were {@code before}: they stand in an inline
   * {@code if}.
   */
  void forgive(int before) {
    unknown.subList(before, unknown.size()).clear();
  }

  /** Throws for the first unknown name; as in Jinja, only once the whole template is parsed. */
  void requireAllKnown() {
    if (!unknown.isEmpty()) {
      throw unknown.get(0);
    }
  }

  void requireFilter(String name, int line) {
    if (!soft && !Filters.ALL.containsKey(name)) {
      unknown.add(TemplateException.syntax("No filter named '" + name + "'.", line));
    }
  }

  void requireTest(String name, int line) {
    if (!soft && !Checks.ALL.containsKey(name)) {
      unknown.add(TemplateException.syntax("No test named '" + name + "'.", line));
    }
  }
}
