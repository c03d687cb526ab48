package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiFunction;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Callable;
import org.coldstart.io.jinja.Values.Undefined;

/**
 * The special variable {@code loop}; takes its items one by one, as {@code
 * jinja2.runtime.LoopContext}.
 */
final class LoopContext implements Values.WithMembers, Callable {
  private final BiFunction<Object, Integer, Object> recursion;
  private final int depth0;
  private Iterator<Object> items;

  /** How many items there are in all; -1 until those of a generator are counted. */
  private long length;

  private long index0 = -1;
  private Object before = Values.MISSING;
  private Object current = Values.MISSING;
  private Object after = Values.MISSING;

  /**
   * A loop over {@code source}.
   *
   * @param recursion renders an item's own items, given these and their depth; null if the loop is not recursive
   */
  LoopContext(Object source, BiFunction<Object, Integer, Object> recursion, int depth0) {
    this.items = Values.iterator(source);
    this.length = source instanceof Values.LazyItems ? -1 : Values.length(source);
    this.recursion = recursion;
    this.depth0 = depth0;
  }

  boolean hasNext() {
    return after != Values.MISSING || items.hasNext();
  }

  Object next() {
    before = current;
    current = peek();
    after = Values.MISSING;
    index0++;
    return current;
  }

  private Object peek() {
    if (after == Values.MISSING && items.hasNext()) {
      after = items.next();
    }
    return after;
  }

  private long length() {
    if (length < 0) {
      List<Object> rest = new ArrayList<>();
      items.forEachRemaining(rest::add);
      items = rest.iterator();
      length = rest.size() + index0 + 1 + (after == Values.MISSING ? 0 : 1);
    }
    return length;
  }

  @Override
  public Object member(String name) {
    return switch (name) {
    case "index" -> index0 + 1;
    case "index0" -> index0;
    case "first" -> index0 == 0;
    case "last" -> peek() == Values.MISSING;
    case "length" -> length();
    case "revindex" -> length() - index0;
    case "revindex0" -> length() - index0 - 1;
    case "depth" -> depth0 + 1L;
    case "depth0" -> (long) depth0;
    case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : before;
    case "nextitem" -> peek() == Values.MISSING ? new Undefined("there is no next item") : after;
    case "cycle" -> (Callable) this::cycle;
    default -> Values.MISSING;
    };
  }

  private Object cycle(Args args) {
    if (args.positional().isEmpty()) {
      throw new TemplateException("no items for cycling given");
    }
    return args.get((int) (index0 % args.positional().size()));
  }

  /** {@code loop(items)}: the loop's body over an item's own items. */
  @Override
  public Object call(Args args) {
    if (recursion == null) {
      throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
    }
    return recursion.apply(args.bind("loop", List.of("iterable"), 1).get(0), depth0 + 1);
  }
}
