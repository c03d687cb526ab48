package org.coldstart.io.jinja;

import java.util.function.Function;
import org.coldstart.io.jinja.Builtin.Args;

/** An expression as parsed: a function of the variables. */
@FunctionalInterface
interface Expr {
  /** The value; callers use {@link #value}. */
  Object compute(Scope scope);

  /** The value, within the budget; a text that {@code |safe} or {@code |escape} made is a {@link Markup}. */
  default Object marked(Scope scope) {
    Budget.enter();
    Object value = compute(scope);
    Budget.leave();
    return value;
  }

  /** The value, within the budget. */
  default Object value(Scope scope) {
    return Markup.unmarked(marked(scope));
  }

  default boolean isTrue(Scope scope) {
    return Values.isTrue(value(scope));
  }

  /** A text that {@code |safe} or {@code |escape} made: {@code +} escapes the HTML of texts added to it. */
  record Markup(String text) {
    static Object unmarked(Object value) {
      return value instanceof Markup markup ? markup.text() : value;
    }

    static Markup escape(Object value) {
      return value instanceof Markup markup ? markup
          : new Markup(value.toString()
            .replace("&", "&amp;")
            .replace(">", "&gt;")
            .replace("<", "&lt;")
            .replace("'", "&#39;")
            .replace("\"", "&#34;"));
    }
  }

  /** {@code function(…)}. */
  record Call(Expr function, Function<Scope, Args> arguments) implements Expr {
    @Override
    public Object compute(Scope scope) {
      return call(scope, null);
    }

    /** Calls the function; {@code caller}, unless null, is a further argument of that name. */
    Object call(Scope scope, Macro caller) {
      Object callee = Values.require(function.value(scope));
      Args args = arguments.apply(scope);
      if (caller != null) {
        args.named().put("caller", caller);
      }
      if (!(callee instanceof Values.Callable callable)) {
        throw new TemplateException("'%s' object is not callable", Values.typeName(callee));
      }
      return callable.call(args);
    }
  }
}
