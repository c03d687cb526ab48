package org.coldstart.io.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/**
 * A macro with the variables around its definition. Binds arguments as {@code
 * jinja2.runtime.Macro}.
 */
record Macro(Interpreter interpreter, Stmt.DefineMacro definition, Scope outer)
    implements Values.Callable, Values.WithMembers {
  @Override
  public Object call(Args args) {
    Scope scope = outer.inner();
    List<String> parameters = definition.parameters();
    Map<String, Object> named = new LinkedHashMap<>(args.named());
    int given = Math.min(args.positional().size(), parameters.size());
    for (int i = 0; i < parameters.size(); i++) {
      if (i < given) {
        scope.set(parameters.get(i), args.positional().get(i));
      } else if (named.containsKey(parameters.get(i))) {
        scope.set(parameters.get(i), named.remove(parameters.get(i)));
      }
    }
    bindSpecial(args.positional().subList(given, args.positional().size()), named, scope);
    for (int i = given; i < parameters.size(); i++) {
      if (!scope.variables().containsKey(parameters.get(i))) {
        scope.set(parameters.get(i), fallback(i, scope));
      }
    }
    return interpreter.capture(definition.body(), scope);
  }

  /** Binds {@code caller}, {@code varargs} and {@code kwargs} to what the parameters left. */
  private void bindSpecial(List<Object> positional, Map<String, Object> named, Scope scope) {
    List<String> parameters = definition.parameters();
    String name = Texts.quote(definition.name());
    if (definition.readsCaller() && !parameters.contains("caller")) {
      Object caller = named.remove("caller");
      scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
    }
    if (definition.readsKwargs()) {
      scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
    } else if (!named.isEmpty()) {
      throw new TemplateException(
          "macro %s takes no keyword argument %s",
          name, Texts.quote(named.keySet().iterator().next()));
    }
    if (definition.readsVarargs()) {
      scope.set("varargs", new Tuple(positional));
    } else if (!positional.isEmpty()) {
      throw new TemplateException(
          "macro %s takes not more than %d argument(s)", name, parameters.size());
    }
  }

  private Object fallback(int parameter, Scope scope) {
    List<Expr> defaults = definition.defaults();
    int i = parameter - (definition.parameters().size() - defaults.size());
    String name = Texts.quote(definition.parameters().get(parameter));
    return i >= 0
        ? Evaluator.evaluate(defaults.get(i), scope)
        : new Undefined("parameter " + name + " was not provided");
  }

  @Override
  public Object member(String attribute) {
    return switch (attribute) {
      case "name" -> definition.name();
      case "arguments" -> new Tuple(definition.parameters());
      default -> Values.MISSING;
    };
  }

  @Override
  public String toString() {
    return "<Macro " + Texts.quote(definition.name()) + ">";
  }
}
