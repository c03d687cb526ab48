package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Stmt.LoopExit;
import org.coldstart.io.jinja.Stmt.Target;
import org.coldstart.io.jinja.Values.Callable;
import org.coldstart.io.jinja.Values.LazyItems;
import org.coldstart.io.jinja.Values.Undefined;

/** {@code for target in items if test}; {@code test} may be null. */
record ForLoop(Target target, Expr items, Expr test, boolean recursive, Stmt body, Stmt otherwise) implements Stmt {

  @Override
  public void run(Scope scope, StringBuilder out) {
    Object source = items.value(scope);
    if (recursive) {
      Stmt.write(text(source, scope, 0), out);
    } else {
      run(source, scope, out, 0);
    }
  }

  private String text(Object source, Scope scope, int depth0) {
    StringBuilder out = new StringBuilder();
    run(source, scope, out, depth0);
    return out.toString();
  }

  private void run(Object source, Scope scope, StringBuilder out, int depth0) {
    Object chosen = test == null ? source : new LazyItems(Values.stream(source).filter(item -> {
      Scope inner = scope.inner();
      target.assign(item, inner);
      return test.isTrue(inner);
    }).iterator());
    LoopContext loop = new LoopContext(this, chosen, scope, depth0);
    boolean finishedOne = false;
    while (loop.hasNext()) {
      Budget.steps(1);
      Scope inner = scope.inner();
      target.assign(loop.next(), inner);
      inner.set("loop", loop);
      try {
        body.run(inner, out);
        finishedOne = true;
      } catch (LoopExit exit) {
        if (exit == LoopExit.BREAK) {
          break;
        }
      }
    }
    // As in Jinja, only an iteration that reaches the body's end keeps "else" from running.
    if (!finishedOne) {
      otherwise.run(scope.inner(), out);
    }
  }

  /** The special variable {@code loop}; takes its items one by one, as {@code jinja2.runtime.LoopContext}. */
  static final class LoopContext implements Values.WithMembers, Callable {
    private final ForLoop statement;
    private final Scope scope;
    private final int depth0;
    private Iterator<Object> items;

    /** How many items there are in all; -1 until those of a generator are counted. */
    private long length;

    private long index0 = -1;
    private Object before = Values.MISSING;
    private Object current = Values.MISSING;
    private Object after = Values.MISSING;

    private LoopContext(ForLoop statement, Object source, Scope scope, int depth0) {
      this.statement = statement;
      this.scope = scope;
      this.depth0 = depth0;
      items = Values.iterator(source);
      length = source instanceof LazyItems ? -1 : Values.length(source);
    }

    private boolean hasNext() {
      return peek() != Values.MISSING;
    }

    private Object next() {
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
      case "last" -> !hasNext();
      case "length" -> length();
      case "revindex" -> length() - index0;
      case "revindex0" -> length() - index0 - 1;
      case "depth" -> depth0 + 1L;
      case "depth0" -> (long) depth0;
      case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : before;
      case "nextitem" -> hasNext() ? after : new Undefined("there is no next item");
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
      if (!statement.recursive) {
        throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
      }
      return statement.text(args.bind("loop", List.of("iterable"), 1).get(0), scope, depth0 + 1);
    }
  }
}
