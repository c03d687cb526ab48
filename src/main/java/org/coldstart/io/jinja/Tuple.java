package org.coldstart.io.jinja;

import java.util.AbstractList;
import java.util.List;

/** A Python tuple: a list that prints with parentheses and is never equal to a list. */
class Tuple extends AbstractList<Object> {
  private final List<Object> items;

  Tuple(List<?> items) {
    this.items = java.util.Collections.unmodifiableList(new java.util.ArrayList<>(items));
  }

  static Tuple of(Object... items) {
    return new Tuple(java.util.Arrays.asList(items));
  }

  @Override
  public Object get(int index) {
    return items.get(index);
  }

  @Override
  public int size() {
    return items.size();
  }

  /** What {@code groupby} gives: a tuple whose two items also have names. */
  static final class Group extends Tuple {
    Group(Object grouper, List<Object> list) {
      super(java.util.Arrays.asList(grouper, list));
    }
  }
}
