package org.coldstart.io.jinja;

import java.util.AbstractList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of a template that Java has no type for. The others are {@code null}, {@link Boolean},
 * {@link Long} or {@link java.math.BigInteger}, {@link Double}, {@link String}, {@link List} and
 * {@link Map}; no value is ever changed once it is made, but for {@link Namespace}.
 */
final class Values {
  /** Stands for what is not there, where {@code null} is Python's {@code None}. */
  static final Object MISSING = new Object();

  private Values() {}

  /** Something a template can call. */
  interface Callable {
    Object call(Args args);
  }

  /** A function with a name. */
  record Function(String name, Callable body) implements Callable {
    @Override
    public Object call(Args args) {
      return body.call(args);
    }
  }

  /** What {@code namespace(…)} makes: the one value whose attributes a template can set. */
  record Namespace(Map<String, Object> attributes) {}

  /**
   * A text marked as HTML by {@code |safe} or {@code |escape}: texts added to it are escaped, as
   * Jinja does.
   */
  record Markup(String text) {
    static Markup escape(String text) {
      return new Markup(
          text.replace("&", "&amp;")
              .replace(">", "&gt;")
              .replace("<", "&lt;")
              .replace("'", "&#39;")
              .replace("\"", "&#34;"));
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * {@code dict.keys()}, {@code .values()} or {@code .items()}; {@code kind} is Python's name of
   * its type.
   */
  record View(String kind, List<Object> items) {}

  /** A generator: its items can be gone through once; it is always true and has no length. */
  record Generator(Iterator<Object> items) {
    @Override
    public String toString() {
      return "<generator object>";
    }
  }

  /** {@code cycler(…)}: hands out its items in turn. */
  static final class Cycler {
    final List<Object> items;
    int position;

    Cycler(List<Object> items) {
      this.items = items;
    }

    Object next() {
      Object item = items.get(position);
      position = (position + 1) % items.size();
      return item;
    }
  }

  /** {@code range(…)}, counted on demand. */
  static final class Range extends AbstractList<Object> {
    final long start;
    final long stop;
    final long step;
    private final int size;

    Range(long start, long stop, long step, int size) {
      this.start = start;
      this.stop = stop;
      this.step = step;
      this.size = size;
    }

    @Override
    public Object get(int index) {
      java.util.Objects.checkIndex(index, size);
      return start + index * step;
    }

    @Override
    public int size() {
      return size;
    }
  }

  /** A modifiable dict that keeps its order. */
  static Map<Object, Object> dict() {
    return new LinkedHashMap<>();
  }
}
