package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Callable;
import org.coldstart.io.jinja.Values.Function;

/**
 * The special variable {@code loop}; takes its items one by one, as {@code
 * jinja2.runtime.LoopContext}.
 */
final class LoopContext implements Members, Callable {
  /** Renders a recursive loop's body over an item's own items. */
  interface Recursion {
    Object render(Object items, int depth0);
  }

  private final Runtime rt;
  private final Recursion recursion;
  private final int depth0;
  private Iterator<Object> items;
  private long length;
  private long index0 = -1;
  private Object before = Values.MISSING;
  private Object current = Values.MISSING;
  private Object after = Values.MISSING;
  private List<Object> lastChanged;

  /**
   * A loop over {@code items}.
   *
   * @param source where the items come from, for its length; null if only counting them tells
   * @param recursion what calling {@code loop} does; null if the loop is not recursive
   */
  LoopContext(Runtime rt, Object source, Iterator<Object> items, Recursion recursion, int depth0) {
    this.rt = rt;
    this.items = items;
    this.length =
        source instanceof Collection
                || source instanceof Map
                || PyText.isText(source)
                || source instanceof Values.View
            ? PyText.length(source)
            : -1;
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

  long length() {
    if (length < 0) {
      List<Object> rest = new ArrayList<>();
      items.forEachRemaining(rest::add);
      items = rest.iterator();
      length = rest.size() + index0 + 1 + (after == Values.MISSING ? 0 : 1);
    }
    return length;
  }

  /** The items still to come; iterating {@code loop} itself takes them from the loop. */
  Iterator<Object> rest() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return LoopContext.this.hasNext();
      }

      @Override
      public Object next() {
        return Tuple.of(LoopContext.this.next(), LoopContext.this);
      }
    };
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
      case "cycle" -> new Function(name, this::cycle);
      case "changed" -> new Function(name, this::changed);
      default -> Values.MISSING;
    };
  }

  @Override
  public String toString() {
    return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
  }

  private Object cycle(Args args) {
    if (args.positional().isEmpty()) {
      throw new TemplateException("no items for cycling given");
    }
    return args.positional().get((int) (index0 % args.positional().size()));
  }

  private Object changed(Args args) {
    boolean changed = lastChanged == null || !Comparison.equal(rt, lastChanged, args.positional());
    lastChanged = args.positional();
    return changed;
  }

  @Override
  public Object call(Args args) {
    if (recursion == null) {
      throw new TemplateException(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    if (args.positional().size() != 1) {
      throw new TemplateException(
          "loop() takes exactly one argument (" + args.positional().size() + " given)");
    }
    return recursion.render(args.positional().get(0), depth0 + 1);
  }
}
