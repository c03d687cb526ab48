package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Stmt.Target;

/** Runs a template's statements once. */
final class Interpreter {
  /** How a statement ended. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  private final Runtime rt;
  private final Evaluator evaluator;
  private final List<Span> generated = new ArrayList<>();
  private final StringBuilder root = new StringBuilder();

  Interpreter(Runtime rt) {
    this.rt = rt;
    this.evaluator = new Evaluator(rt);
  }

  /** Renders a template. */
  Rendering render(
      List<Stmt> template, Map<String, Stmt.Block> blocks, Map<String, Object> variables) {
    Scope scope = Scope.of(Globals.of(rt)).inner();
    variables.forEach(scope::set);
    if (!blocks.isEmpty()) {
      scope.set("self", new Self(blocks, scope));
    }
    run(template, scope, root);
    return new Rendering(root.toString(), generated);
  }

  Object evaluate(Expr expr, Scope scope) {
    return evaluator.evaluate(expr, scope);
  }

  /** What a body writes, as a text. */
  String capture(List<Stmt> body, Scope scope) {
    StringBuilder out = new StringBuilder();
    rt.enter();
    run(body, scope, out);
    rt.leave();
    return out.toString();
  }

  private Flow run(List<Stmt> body, Scope scope, StringBuilder out) {
    for (Stmt statement : body) {
      rt.enter();
      Flow flow = run(statement, scope, out);
      rt.leave();
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow run(Stmt statement, Scope scope, StringBuilder out) {
    if (statement instanceof Stmt.Text text) {
      write(text.text(), out);
    } else if (statement instanceof Stmt.Print print) {
      placed(print.line(), () -> write(PyText.str(rt, evaluate(print.expression(), scope)), out));
    } else if (statement instanceof Stmt.If choice) {
      return runIf(choice, scope, out);
    } else if (statement instanceof Stmt.For loop) {
      runFor(loop, scope, out);
    } else if (statement instanceof Stmt.Assign assign) {
      placed(assign.line(), () -> assign(assign.target(), evaluate(assign.value(), scope), scope));
    } else if (statement instanceof Stmt.AssignBlock assign) {
      return runAssignBlock(assign, scope);
    } else if (statement instanceof Stmt.DefineMacro define) {
      scope.set(define.macro().name(), new Macro(this, define.macro(), scope));
    } else if (statement instanceof Stmt.CallBlock call) {
      runCall(call, scope, out);
    } else if (statement instanceof Stmt.FilterBlock filter) {
      return runFilter(filter, scope, out);
    } else if (statement instanceof Stmt.With with) {
      return runWith(with, scope, out);
    } else if (statement instanceof Stmt.Generation generation) {
      runGeneration(generation, scope, out);
    } else if (statement instanceof Stmt.Block block) {
      run(block.body(), (block.scoped() ? scope : scope.root()).inner(), out);
    } else if (statement instanceof Stmt.Leave leave) {
      return leave.breaks() ? Flow.BREAK : Flow.CONTINUE;
    } else if (statement instanceof Stmt.Load load) {
      throw new TemplateException("no loader for this environment specified").at(load.line());
    }
    return Flow.ON;
  }

  private void write(String text, StringBuilder out) {
    if ((long) out.length() + text.length() > rt.limits.length()) {
      throw new TemplateException("the output has more than " + rt.limits.length() + " characters");
    }
    rt.steps(text.length() / 64);
    out.append(text);
  }

  /** Does it; an error on the way gets the template's line. */
  private static void placed(int line, Runnable action) {
    try {
      action.run();
    } catch (TemplateException e) {
      throw e.at(line);
    }
  }

  private Flow runIf(Stmt.If choice, Scope scope, StringBuilder out) {
    for (Stmt.Branch branch : choice.branches()) {
      boolean[] taken = {false};
      placed(branch.line(), () -> taken[0] = PyText.isTrue(evaluate(branch.test(), scope)));
      if (taken[0]) {
        return run(branch.body(), scope, out);
      }
    }
    return Flow.ON;
  }

  private void runFor(Stmt.For loop, Scope scope, StringBuilder out) {
    placed(
        loop.line(),
        () -> {
          Object items = evaluate(loop.items(), scope);
          if (loop.recursive()) {
            write(runRecursive(loop, items, scope, 0), out);
          } else {
            runLoop(loop, items, scope, out, null, 0);
          }
        });
  }

  private String runRecursive(Stmt.For loop, Object items, Scope scope, int depth0) {
    StringBuilder out = new StringBuilder();
    rt.enter();
    runLoop(
        loop, items, scope, out, (inner, depth) -> runRecursive(loop, inner, scope, depth), depth0);
    rt.leave();
    return out.toString();
  }

  private void runLoop(
      Stmt.For loop,
      Object source,
      Scope scope,
      StringBuilder out,
      LoopContext.Recursion recursion,
      int depth0) {
    Iterator<Object> items = Iteration.iterator(rt, source);
    if (loop.test() != null) {
      items = SelectionFilters.filtered(items, item -> passes(loop, item, scope));
    }
    LoopContext context =
        new LoopContext(rt, loop.test() == null ? source : null, items, recursion, depth0);
    boolean finishedOne = false;
    while (context.hasNext()) {
      rt.step();
      Scope body = scope.inner();
      assign(loop.target(), context.next(), body);
      body.set("loop", context);
      Flow flow = run(loop.body(), body, out);
      finishedOne |= flow == Flow.ON;
      if (flow == Flow.BREAK) {
        break;
      }
    }
    // As in Jinja, only an iteration that reaches the body's end keeps "else" from running.
    if (!finishedOne && !loop.orElse().isEmpty()) {
      run(loop.orElse(), scope.inner(), out);
    }
  }

  private boolean passes(Stmt.For loop, Object item, Scope scope) {
    Scope test = scope.inner();
    assign(loop.target(), item, test);
    return PyText.isTrue(evaluate(loop.test(), test));
  }

  private Flow runAssignBlock(Stmt.AssignBlock assign, Scope scope) {
    StringBuilder out = new StringBuilder();
    Flow flow = run(assign.body(), scope.inner(), out);
    if (flow == Flow.ON) {
      placed(
          assign.line(),
          () -> assign(assign.target(), filtered(assign.filters(), out, scope), scope));
    }
    return flow;
  }

  private Flow runFilter(Stmt.FilterBlock filter, Scope scope, StringBuilder out) {
    StringBuilder body = new StringBuilder();
    Flow flow = run(filter.body(), scope.inner(), body);
    if (flow == Flow.ON) {
      placed(
          filter.line(), () -> write(PyText.str(rt, filtered(filter.filters(), body, scope)), out));
    }
    return flow;
  }

  private Object filtered(List<Expr.FilterStep> filters, StringBuilder text, Scope scope) {
    Object value = text.toString();
    for (Expr.FilterStep step : filters) {
      value = evaluator.filter(step, value, scope);
    }
    return value;
  }

  private void runCall(Stmt.CallBlock call, Scope scope, StringBuilder out) {
    Macro caller = new Macro(this, call.caller(), scope);
    placed(
        call.line(),
        () ->
            write(
                PyText.str(rt, evaluator.call(call.call(), scope, Map.of("caller", caller))), out));
  }

  private Flow runWith(Stmt.With with, Scope scope, StringBuilder out) {
    Scope inner = scope.inner();
    for (int i = 0; i < with.targets().size(); i++) {
      int n = i;
      placed(
          with.line(),
          () -> assign(with.targets().get(n), evaluate(with.values().get(n), scope), inner));
    }
    return run(with.body(), inner, out);
  }

  /**
   * As transformers does, a block inside a macro or a {@code set} is placed where the output had
   * got to before it.
   */
  private void runGeneration(Stmt.Generation generation, Scope scope, StringBuilder out) {
    String text = capture(generation.body(), scope.inner());
    generated.add(new Span(root.length(), root.length() + text.length()));
    write(text, out);
  }

  private void assign(Target target, Object value, Scope scope) {
    if (target instanceof Target.Variable variable) {
      scope.set(variable.name(), value);
    } else if (target instanceof Target.Member member) {
      assignMember(member, value, scope);
    } else if (target instanceof Target.Unpack unpack) {
      assignAll(unpack.targets(), value, scope);
    }
  }

  private static void assignMember(Target.Member member, Object value, Scope scope) {
    Object owner = scope.get(member.namespace());
    if (owner instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!(owner instanceof Values.Namespace namespace)) {
      throw new TemplateException("cannot assign attribute on non-namespace object");
    }
    namespace.attributes().put(Globals.checkedAttribute(member.attribute()), value);
  }

  private void assignAll(List<Target> targets, Object value, Scope scope) {
    if (!Iteration.isIterable(value)) {
      throw new TemplateException(
          "cannot unpack non-iterable " + PyText.typeName(value) + " object");
    }
    List<Object> items = Iteration.list(rt, value);
    if (items.size() != targets.size()) {
      throw new TemplateException(
          items.size() < targets.size()
              ? "not enough values to unpack (expected "
                  + targets.size()
                  + ", got "
                  + items.size()
                  + ")"
              : "too many values to unpack (expected " + targets.size() + ")");
    }
    for (int i = 0; i < items.size(); i++) {
      assign(targets.get(i), items.get(i), scope);
    }
  }

  /** {@code self.name()}: the text of a {@code block}. */
  private final class Self implements Members {
    private final Map<String, Stmt.Block> blocks;
    private final Scope scope;

    Self(Map<String, Stmt.Block> blocks, Scope scope) {
      this.blocks = blocks;
      this.scope = scope;
    }

    @Override
    public Object member(String name) {
      Stmt.Block block = blocks.get(name);
      return block == null
          ? Values.MISSING
          : new Values.Function(name, args -> capture(block.body(), scope.inner()));
    }
  }
}
