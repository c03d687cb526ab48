package org.coldstart.io.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Callable;

/**
 * A macro with the variables around its definition. Binds arguments as {@code
 * jinja2.runtime.Macro}.
 */
record Macro(Interpreter interpreter, Stmt.MacroBody definition, Scope outer)
    implements Callable, Members {
  @Override
  public Object call(Args args) {
    Scope scope = outer.inner();
    bind(args, scope);
    return interpreter.capture(definition.body(), scope);
  }

  private void bind(Args args, Scope scope) {
    List<String> parameters = definition.parameters();
    Map<String, Object> named = new LinkedHashMap<>(args.named());
    int given = Math.min(args.positional().size(), parameters.size());
    Object[] values = new Object[parameters.size()];
    for (int i = 0; i < parameters.size(); i++) {
      values[i] =
          i < given
              ? args.positional().get(i)
              : named.containsKey(parameters.get(i))
                  ? named.remove(parameters.get(i))
                  : Values.MISSING;
    }
    bindSpecial(args, named, scope);
    for (int i = 0; i < values.length; i++) {
      scope.set(parameters.get(i), values[i] == Values.MISSING ? fallback(i, scope) : values[i]);
    }
  }

  private void bindSpecial(Args args, Map<String, Object> named, Scope scope) {
    List<String> parameters = definition.parameters();
    if (definition.readsCaller() && !parameters.contains("caller")) {
      Object caller = named.remove("caller");
      scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
    }
    if (definition.readsKwargs()) {
      scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
    } else if (!named.isEmpty()) {
      throw new TemplateException(
          "macro "
              + PyText.quote(definition.name())
              + (named.containsKey("caller")
                  ? " was invoked with two values for the special caller argument. This is most"
                        + " likely a bug."
                  : " takes no keyword argument "
                      + PyText.quote(named.keySet().iterator().next())));
    }
    int count = args.positional().size();
    if (definition.readsVarargs()) {
      scope.set(
          "varargs",
          new Tuple(args.positional().subList(Math.min(count, parameters.size()), count)));
    } else if (count > parameters.size()) {
      throw new TemplateException(
          "macro "
              + PyText.quote(definition.name())
              + " takes not more than "
              + parameters.size()
              + " argument(s)");
    }
  }

  private Object fallback(int parameter, Scope scope) {
    int i = parameter - (definition.parameters().size() - definition.defaults().size());
    return i >= 0
        ? interpreter.evaluate(definition.defaults().get(i), scope)
        : new Undefined(
            "parameter "
                + PyText.quote(definition.parameters().get(parameter))
                + " was not provided");
  }

  @Override
  public String toString() {
    return "<Macro " + PyText.quote(definition.name()) + ">";
  }

  @Override
  public Object member(String attribute) {
    return switch (attribute) {
      case "name" -> definition.name();
      case "arguments" -> new Tuple(definition.parameters());
      case "catch_kwargs" -> definition.readsKwargs();
      case "catch_varargs" -> definition.readsVarargs();
      case "caller" -> definition.readsCaller();
      default -> Values.MISSING;
    };
  }
}
