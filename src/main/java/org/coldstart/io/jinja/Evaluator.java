package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Evaluates expressions. */
final class Evaluator {
  private Evaluator() {}

  /**
   * Variables of a body, in front of those around it. What a loop, macro or {@code with} sets ends with it.
   */
  record Scope(Map<String, Object> variables, Scope outer) {
    /** The scope of a body within this one. */
    Scope inner() {
      return new Scope(new HashMap<>(), this);
    }

    Object get(String name) {
      for (Scope scope = this; scope != null; scope = scope.outer) {
        Object value = scope.variables.getOrDefault(name, Values.MISSING);
        if (value != Values.MISSING) {
          return value;
        }
      }
      return new Undefined("'" + name + "' is undefined");
    }

    void set(String name, Object value) {
      variables.put(name, value);
    }
  }

  /** The value of an expression, given the variables of {@code scope}. */
  static Object evaluate(Expr expr, Scope scope) {
    Budget.enter();
    Object value = dispatch(expr, scope);
    Budget.leave();
    return value;
  }

  private static Object dispatch(Expr expr, Scope scope) {
    if (expr instanceof Expr.Constant constant) {
      return constant.value();
    }
    if (expr instanceof Expr.Name name) {
      return scope.get(name.name());
    }
    if (expr instanceof Expr.Attribute attribute) {
      return Lookup.attribute(evaluate(attribute.object(), scope), attribute.name());
    }
    if (expr instanceof Expr.Item item) {
      return Lookup.item(evaluate(item.object(), scope), evaluate(item.key(), scope));
    }
    if (expr instanceof Expr.Slice slice) {
      Object object = evaluate(slice.object(), scope);
      Object from = evaluate(slice.from(), scope);
      Object to = evaluate(slice.to(), scope);
      return Lookup.slice(object, from, to, evaluate(slice.step(), scope));
    }
    if (expr instanceof Expr.Call call) {
      return call(call, scope, Map.of());
    }
    if (expr instanceof Expr.Filtered filter) {
      Object input = evaluate(filter.input(), scope);
      requireKnown(Filters.ALL, "filter", filter.name());
      return Filters.apply(filter.name(), input, arguments(filter.arguments(), scope, Map.of()));
    }
    if (expr instanceof Expr.Tested test) {
      Object input = evaluate(test.input(), scope);
      requireKnown(Filters.TESTS, "test", test.name());
      return Filters.test(test.name(), input, arguments(test.arguments(), scope, Map.of()));
    }
    if (expr instanceof Expr.Not not) {
      return !Values.isTrue(evaluate(not.operand(), scope));
    }
    if (expr instanceof Expr.Signed signed) {
      return Operators.sign(signed.sign(), evaluate(signed.operand(), scope));
    }
    if (expr instanceof Expr.Binary binary) {
      return binary(binary, scope);
    }
    if (expr instanceof Expr.Compare compare) {
      return compare(compare, scope);
    }
    if (expr instanceof Expr.Conditional conditional) {
      boolean taken = Values.isTrue(evaluate(conditional.test(), scope));
      return evaluate(taken ? conditional.then() : conditional.otherwise(), scope);
    }
    if (expr instanceof Expr.NoElse none) {
      return new Undefined(
          "the inline if-expression on line " + none.line() + " evaluated to false and no else section was defined.");
    }
    if (expr instanceof Expr.ListOf list) {
      return all(list.items(), scope);
    }
    if (expr instanceof Expr.TupleOf tuple) {
      return new Tuple(all(tuple.items(), scope));
    }
    Expr.DictOf dict = (Expr.DictOf) expr;
    Map<Object, Object> made = new LinkedHashMap<>();
    for (int i = 0; i < dict.keys().size(); i++) {
      Object key = evaluate(dict.keys().get(i), scope);
      Lookup.put(made, key, evaluate(dict.values().get(i), scope));
    }
    return made;
  }

  private static void requireKnown(Map<String, Builtin> table, String kind, String name) {
    if (!table.containsKey(name)) {
      throw new TemplateException("No %s named '%s' found.", kind, name);
    }
  }

  private static List<Object> all(List<Expr> items, Scope scope) {
    List<Object> values = new ArrayList<>(items.size());
    for (Expr item : items) {
      values.add(evaluate(item, scope));
    }
    return values;
  }

  private static Object binary(Expr.Binary binary, Scope scope) {
    Object left = evaluate(binary.left(), scope);
    return switch (binary.operator()) {
    case "and" -> Values.isTrue(left) ? evaluate(binary.right(), scope) : left;
    case "or" -> Values.isTrue(left) ? left : evaluate(binary.right(), scope);
    default -> Operators.apply(binary.operator(), left, evaluate(binary.right(), scope));
    };
  }

  private static boolean compare(Expr.Compare compare, Scope scope) {
    Object left = evaluate(compare.first(), scope);
    for (int i = 0; i < compare.operators().size(); i++) {
      Object right = evaluate(compare.others().get(i), scope);
      if (!Operators.holds(compare.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  /** Calls a function; {@code extra} are further arguments by name. */
  static Object call(Expr.Call call, Scope scope, Map<String, Object> extra) {
    Object function = Values.require(evaluate(call.function(), scope));
    Args args = arguments(call.arguments(), scope, extra);
    if (!(function instanceof Values.Callable callable)) {
      throw new TemplateException("'%s' object is not callable", Values.typeName(function));
    }
    return callable.call(args);
  }

  private static Args arguments(Expr.Arguments arguments, Scope scope, Map<String, Object> extra) {
    if (arguments == Expr.Arguments.NONE) {
      return Args.NONE;
    }
    List<Object> positional = all(arguments.positional(), scope);
    Map<String, Object> named = new LinkedHashMap<>();
    arguments.named().forEach((name, value) -> named.put(name, evaluate(value, scope)));
    if (arguments.star() != null) {
      positional.addAll(Values.list(evaluate(arguments.star(), scope)));
    }
    if (arguments.starStar() != null) {
      if (!(evaluate(arguments.starStar(), scope) instanceof Map<?, ?> more)) {
        throw new TemplateException("argument after ** must be a mapping");
      }
      more.forEach((name, value) -> named.put(String.valueOf(name), value));
    }
    named.putAll(extra);
    return new Args(positional, named);
  }
}
