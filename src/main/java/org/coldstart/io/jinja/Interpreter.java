package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Evaluator.Scope;
import org.coldstart.io.jinja.Stmt.Target;
import org.coldstart.io.jinja.Values.LazyItems;
import org.coldstart.io.jinja.Values.TemplateNamespace;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Runs a template's statements once. */
final class Interpreter {
  /** How a statement ended. */
  private enum Flow {
    ON, BREAK, CONTINUE
  }

  private final List<Span> generated = new ArrayList<>();
  private final StringBuilder root = new StringBuilder();

  /** Renders a template. */
  RenderedTemplate render(List<Stmt> template, Scope scope) {
    run(template, scope, root);
    return new RenderedTemplate(root.toString(), generated);
  }

  /** What a body writes, as a text. */
  String capture(List<Stmt> body, Scope scope) {
    StringBuilder out = new StringBuilder();
    run(body, scope, out);
    return out.toString();
  }

  private Flow run(List<Stmt> body, Scope scope, StringBuilder out) {
    Flow flow = Flow.ON;
    for (int i = 0; i < body.size() && flow == Flow.ON; i++) {
      Budget.enter();
      try {
        flow = run(body.get(i), scope, out);
      } catch (TemplateException e) {
        throw e.at(body.get(i).line());
      }
      Budget.leave();
    }
    return flow;
  }

  private Flow run(Stmt statement, Scope scope, StringBuilder out) {
    if (statement instanceof Stmt.Data text) {
      write(text.text(), out);
    } else if (statement instanceof Stmt.Print print) {
      write(Evaluator.evaluate(print.expression(), scope), out);
    } else if (statement instanceof Stmt.If choice) {
      boolean taken = Values.isTrue(Evaluator.evaluate(choice.test(), scope));
      return run(taken ? choice.then() : choice.otherwise(), scope, out);
    } else if (statement instanceof Stmt.For loop) {
      runFor(loop, scope, out);
    } else if (statement instanceof Stmt.Assign assign) {
      assign(assign.target(), Evaluator.evaluate(assign.value(), scope), scope);
    } else if (statement instanceof Stmt.Captured block) {
      return runCaptured(block, scope, out);
    } else if (statement instanceof Stmt.DefineMacro macro) {
      scope.set(macro.name(), new Macro(this, macro, scope));
    } else if (statement instanceof Stmt.CallBlock block) {
      Macro caller = new Macro(this, block.caller(), scope);
      write(Evaluator.call(block.call(), scope, Map.of("caller", caller)), out);
    } else if (statement instanceof Stmt.With with) {
      Scope inner = scope.inner();
      for (Stmt.Assign assign : with.assigns()) {
        assign(assign.target(), Evaluator.evaluate(assign.value(), scope), inner);
      }
      return run(with.body(), inner, out);
    } else if (statement instanceof Stmt.Generation generation) {
      String text = capture(generation.body(), scope.inner());
      // As in transformers, a block inside a macro or a set lies where the output had got to.
      generated.add(new Span(root.length(), root.length() + text.length()));
      write(text, out);
    } else if (statement instanceof Stmt.Leave leave) {
      return leave.breaks() ? Flow.BREAK : Flow.CONTINUE;
    }
    return Flow.ON;
  }

  private static void write(Object value, StringBuilder out) {
    String text = Values.str(value);
    Budget.growing(out.append(text));
    Budget.text(text.length());
  }

  private Flow runCaptured(Stmt.Captured block, Scope scope, StringBuilder out) {
    StringBuilder body = new StringBuilder();
    Flow flow = run(block.body(), scope.inner(), body);
    if (flow == Flow.ON) {
      Scope inner = scope.inner();
      inner.set(Expr.Name.BODY.name(), body.toString());
      Object value = Evaluator.evaluate(block.filters(), inner);
      if (block.target() == null) {
        write(value, out);
      } else {
        assign(block.target(), value, scope);
      }
    }
    return flow;
  }

  private void runFor(Stmt.For loop, Scope scope, StringBuilder out) {
    Object items = Evaluator.evaluate(loop.items(), scope);
    if (loop.recursive()) {
      write(runRecursive(loop, items, scope, 0), out);
    } else {
      runLoop(loop, items, scope, out, null, 0);
    }
  }

  private String runRecursive(Stmt.For loop, Object items, Scope scope, int depth0) {
    StringBuilder out = new StringBuilder();
    runLoop(loop, items, scope, out, (inner, d) -> runRecursive(loop, inner, scope, d), depth0);
    return out.toString();
  }

  private void runLoop(Stmt.For loop, Object source, Scope scope, StringBuilder out,
      BiFunction<Object, Integer, Object> recursion, int depth0) {
    Object items = loop.test() == null ? source
        : new LazyItems(Values.stream(source).filter(item -> passes(loop, item, scope)).iterator());
    LoopContext context = new LoopContext(items, recursion, depth0);
    boolean finishedOne = false;
    Flow flow = Flow.ON;
    while (flow != Flow.BREAK && context.hasNext()) {
      Budget.steps(1);
      Scope body = scope.inner();
      assign(loop.target(), context.next(), body);
      body.set("loop", context);
      flow = run(loop.body(), body, out);
      finishedOne |= flow == Flow.ON;
    }
    // As in Jinja, only an iteration that reaches the body's end keeps "else" from running.
    if (!finishedOne) {
      run(loop.otherwise(), scope.inner(), out);
    }
  }

  private static boolean passes(Stmt.For loop, Object item, Scope scope) {
    Scope test = scope.inner();
    assign(loop.target(), item, test);
    return Values.isTrue(Evaluator.evaluate(loop.test(), test));
  }

  private static void assign(Target target, Object value, Scope scope) {
    if (target instanceof Target.Variable variable) {
      scope.set(variable.name(), value);
    } else if (target instanceof Target.Member member) {
      if (!(Values.require(scope.get(member.namespace())) instanceof TemplateNamespace owner)) {
        throw new TemplateException("cannot assign attribute on non-namespace object");
      }
      owner.attributes().put(Globals.attribute(member.attribute()), value);
    } else if (target instanceof Target.Unpack unpack) {
      assignAll(unpack.targets(), value, scope);
    }
  }

  private static void assignAll(List<Target> targets, Object value, Scope scope) {
    if (!Values.isIterable(value)) {
      throw new TemplateException("cannot unpack non-iterable %s object", Values.typeName(value));
    }
    List<Object> items = Values.list(value);
    if (items.size() > targets.size()) {
      throw new TemplateException("too many values to unpack (expected %d)", targets.size());
    }
    if (items.size() < targets.size()) {
      throw new TemplateException("not enough values to unpack (expected %d, got %d)", targets.size(), items.size());
    }
    for (int i = 0; i < items.size(); i++) {
      assign(targets.get(i), items.get(i), scope);
    }
  }

  /** A macro with the variables around it; binds arguments as {@code jinja2.runtime.Macro}. */
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
        throw new TemplateException("macro %s takes no keyword argument %s", name,
            Texts.quote(named.keySet().iterator().next()));
      }
      if (definition.readsVarargs()) {
        scope.set("varargs", new Tuple(positional));
      } else if (!positional.isEmpty()) {
        throw new TemplateException("macro %s takes not more than %d argument(s)", name, parameters.size());
      }
    }

    private Object fallback(int parameter, Scope scope) {
      List<Expr> defaults = definition.defaults();
      int i = parameter - (definition.parameters().size() - defaults.size());
      String name = Texts.quote(definition.parameters().get(parameter));
      return i >= 0 ? Evaluator.evaluate(defaults.get(i), scope)
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
}
