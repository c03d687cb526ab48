package org.coldstart.io.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** A macro with the variables around it; binds arguments as {@code jinja2.runtime.Macro}. */
record Macro(Definition definition, Scope outer) implements Values.Callable, Values.WithMembers {
  /**
   * {@code macro name(parameters)}. Defaults belong to the last parameters; {@code reads} are those of the special
   * names {@code caller}, {@code varargs} and {@code kwargs} that the body reads.
   */
  record Definition(String name, List<String> parameters, List<Expr> defaults, Stmt body, List<String> reads) {}

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
        int fallback = i - parameters.size() + definition.defaults().size();
        scope.set(parameters.get(i), fallback >= 0 ? definition.defaults().get(fallback).value(scope)
            : new Undefined("parameter " + Texts.quote(parameters.get(i)) + " was not provided"));
      }
    }
    return definition.body().text(scope);
  }

  /** Binds {@code caller}, {@code varargs} and {@code kwargs} to what the parameters left. */
  private void bindSpecial(List<Object> positional, Map<String, Object> named, Scope scope) {
    String name = Texts.quote(definition.name());
    if (definition.reads().contains("caller")) {
      Object caller = named.remove("caller");
      scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
    }
    if (definition.reads().contains("kwargs")) {
      scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
    } else if (!named.isEmpty()) {
      throw new TemplateException("macro %s takes no keyword argument %s", name,
          Texts.quote(named.keySet().iterator().next()));
    }
    if (definition.reads().contains("varargs")) {
      scope.set("varargs", new Tuple(positional));
    } else if (!positional.isEmpty()) {
      throw new TemplateException("macro %s takes not more than %d argument(s)", name, definition.parameters().size());
    }
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
