package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Values.Callable;

/** Works out expressions. */
final class Evaluator {
  private final Runtime rt;

  Evaluator(Runtime rt) {
    this.rt = rt;
  }

  /** The value of an expression where the variables of {@code scope} are seen. */
  Object evaluate(Expr expr, Scope scope) {
    rt.enter();
    Object value = dispatch(expr, scope);
    rt.leave();
    return value;
  }

  private Object dispatch(Expr expr, Scope scope) {
    if (expr instanceof Expr.Constant constant) {
      return constant.value();
    }
    if (expr instanceof Expr.Name name) {
      return scope.get(name.name());
    }
    if (expr instanceof Expr.Attribute attribute) {
      return Lookup.attribute(rt, evaluate(attribute.object(), scope), attribute.name());
    }
    if (expr instanceof Expr.Item item) {
      return Lookup.item(rt, evaluate(item.object(), scope), evaluate(item.key(), scope));
    }
    if (expr instanceof Expr.Filtered filtered) {
      return filter(filtered.step(), evaluate(filtered.input(), scope), scope);
    }
    if (expr instanceof Expr.Call call) {
      return call(call, scope, Map.of());
    }
    if (expr instanceof Expr.Compare compare) {
      return compare(compare, scope);
    }
    if (expr instanceof Expr.Logical logical) {
      Object left = evaluate(logical.left(), scope);
      return PyText.isTrue(left) == logical.and() ? evaluate(logical.right(), scope) : left;
    }
    if (expr instanceof Expr.Not not) {
      return !PyText.isTrue(evaluate(not.operand(), scope));
    }
    if (expr instanceof Expr.Tested tested) {
      Object value = evaluate(tested.input(), scope);
      requireKnown(Checks.ALL, "test", tested.name());
      return Checks.apply(rt, tested.name(), value, arguments(tested.arguments(), scope, Map.of()));
    }
    if (expr instanceof Expr.Binary binary) {
      return Arithmetic.apply(
          rt, binary.operator(), evaluate(binary.left(), scope), evaluate(binary.right(), scope));
    }
    if (expr instanceof Expr.Concat concat) {
      return concat(concat, scope);
    }
    if (expr instanceof Expr.Conditional conditional) {
      return conditional(conditional, scope);
    }
    if (expr instanceof Expr.Slice slice) {
      return Lookup.slice(
          rt,
          evaluate(slice.object(), scope),
          optional(slice.from(), scope),
          optional(slice.to(), scope),
          optional(slice.step(), scope));
    }
    if (expr instanceof Expr.Signed signed) {
      return Arithmetic.sign(rt, signed.negative(), evaluate(signed.operand(), scope));
    }
    if (expr instanceof Expr.ListOf list) {
      return all(list.items(), scope);
    }
    if (expr instanceof Expr.TupleOf tuple) {
      return new Tuple(all(tuple.items(), scope));
    }
    return dict((Expr.DictOf) expr, scope);
  }

  private Object optional(Expr expr, Scope scope) {
    return expr == null ? null : evaluate(expr, scope);
  }

  private List<Object> all(List<Expr> items, Scope scope) {
    List<Object> values = new ArrayList<>(items.size());
    for (Expr item : items) {
      values.add(evaluate(item, scope));
    }
    return values;
  }

  private Object dict(Expr.DictOf dict, Scope scope) {
    Map<Object, Object> made = Values.dict();
    for (int i = 0; i < dict.keys().size(); i++) {
      Object key = evaluate(dict.keys().get(i), scope);
      Dicts.put(rt, made, key, evaluate(dict.values().get(i), scope));
    }
    return made;
  }

  private Object compare(Expr.Compare compare, Scope scope) {
    Object left = evaluate(compare.first(), scope);
    for (Expr.Operand operand : compare.operands()) {
      Object right = evaluate(operand.value(), scope);
      if (!Comparison.apply(rt, operand.operator(), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Object concat(Expr.Concat concat, Scope scope) {
    StringBuilder text = new StringBuilder();
    for (Expr part : concat.parts()) {
      text.append(PyText.str(rt, evaluate(part, scope)));
      rt.checkText(text.length());
    }
    return text.toString();
  }

  private Object conditional(Expr.Conditional conditional, Scope scope) {
    if (PyText.isTrue(evaluate(conditional.test(), scope))) {
      return evaluate(conditional.then(), scope);
    }
    return conditional.otherwise() != null
        ? evaluate(conditional.otherwise(), scope)
        : new Undefined(
            "the inline if-expression on line "
                + conditional.line()
                + " evaluated to false and no else section was defined.");
  }

  /** {@code value} through one filter. */
  Object filter(Expr.FilterStep step, Object value, Scope scope) {
    requireKnown(Filters.ALL, "filter", step.name());
    return Filters.apply(rt, step.name(), value, arguments(step.arguments(), scope, Map.of()));
  }

  private static void requireKnown(Map<String, Method> table, String kind, String name) {
    if (!table.containsKey(name)) {
      throw new TemplateException("No " + kind + " named '" + name + "' found.");
    }
  }

  /** Calls a function; {@code extra} are further arguments by name. */
  Object call(Expr.Call call, Scope scope, Map<String, Object> extra) {
    Object function = evaluate(call.function(), scope);
    if (function instanceof Undefined undefined) {
      throw undefined.error();
    }
    Args args = arguments(call.arguments(), scope, extra);
    if (!(function instanceof Callable callable)) {
      throw new TemplateException("'" + PyText.typeName(function) + "' object is not callable");
    }
    return callable.call(args);
  }

  private Args arguments(Expr.Arguments arguments, Scope scope, Map<String, Object> extra) {
    if (arguments == Expr.Arguments.NONE) {
      return Args.NONE;
    }
    List<Object> positional = all(arguments.positional(), scope);
    Map<String, Object> named = new LinkedHashMap<>();
    for (Expr.Keyword keyword : arguments.keywords()) {
      named.put(keyword.name(), evaluate(keyword.value(), scope));
    }
    if (arguments.star() != null) {
      positional.addAll(Iteration.list(rt, evaluate(arguments.star(), scope)));
    }
    named.putAll(extra);
    if (arguments.starStar() != null) {
      addNamed(evaluate(arguments.starStar(), scope), named);
    }
    return new Args(positional, named);
  }

  private void addNamed(Object more, Map<String, Object> named) {
    if (!(more instanceof Map<?, ?> map)) {
      throw new TemplateException(
          "argument after ** must be a mapping, not " + PyText.typeName(more));
    }
    map.forEach(
        (key, value) -> {
          if (!(key instanceof String name)) {
            throw new TemplateException("keywords must be strings");
          }
          if (named.put(name, value) != null) {
            throw new TemplateException(
                "got multiple values for keyword argument " + PyText.quote(name));
          }
        });
  }
}
