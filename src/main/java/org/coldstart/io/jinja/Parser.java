package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.coldstart.io.jinja.Lexer.Token;
import org.coldstart.io.jinja.Lexer.TokenType;
import org.coldstart.io.jinja.Stmt.LoopExit;
import org.coldstart.io.jinja.Stmt.Target;
import org.coldstart.io.jinja.Values.TemplateNamespace;

/**
 * Parses a template's statements, as {@code jinja2.parser} with the loop controls and transformers' generation tag.
 */
final class Parser extends ExpressionParser {
  private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

  /** What a captured body's filters start from: the body. No template can write this name. */
  private static final Expr BODY = scope -> scope.get("(body)");

  private static final Stmt NOTHING = (scope, out) -> {};

  /** Loops around the current place within the same macro: {@code break} needs one. */
  private int loops;

  /** Loops around the current place at all: none of them may have its {@code loop} assigned. */
  private int loopsAround;

  Parser(List<Token> tokens) {
    super(tokens);
  }

  /** The whole template. */
  Stmt template() {
    Stmt body = statements(Set.of(), null);
    requireAllKnown();
    return body;
  }

  /**
   * Statements up to a tag of {@code ends}, which becomes the current token; {@code tag} is the one to close.
   */
  private Stmt statements(Set<String> ends, String tag) {
    List<Stmt> body = new ArrayList<>();
    Stmt all = (scope, out) -> {
      for (Stmt statement : body) {
        statement.run(scope, out);
      }
    };
    while (!at(TokenType.EOF)) {
      Token token = next();
      if (token.type() == TokenType.DATA) {
        add(body, token, (scope, out) -> Stmt.write(token.text(), out));
      } else if (token.type() == TokenType.VARIABLE_BEGIN) {
        Expr value = tuple();
        add(body, token, (scope, out) -> Stmt.write(value.value(scope), out));
        expect(TokenType.VARIABLE_END);
      } else if (at(TokenType.NAME) && ends.contains(current().text())) {
        return all;
      } else {
        add(body, current(), statement(ends));
        expect(TokenType.BLOCK_END);
      }
    }
    if (!ends.isEmpty()) {
      throw fail("Unexpected end of template." + lookingFor(ends) + " The innermost block that needs to be closed is '"
          + tag + "'.");
    }
    return all;
  }

  private static void add(List<Stmt> body, Token start, Stmt statement) {
    body.add(statement.at(start.line()));
  }

  private static String lookingFor(Set<String> ends) {
    String tags = "'" + String.join("' or '", new TreeSet<>(ends)) + "'.";
    return ends.isEmpty() ? "" : " Jinja was looking for the following tags: " + tags;
  }

  /** The body of a block tag up to and with its end tag's name. */
  private Stmt body(String tag) {
    Stmt body = body(tag, Set.of("end" + tag));
    next();
    return body;
  }

  private Stmt body(String tag, Set<String> ends) {
    skip(":");
    expect(TokenType.BLOCK_END);
    enter();
    boolean around = lenient;
    lenient = tag.equals("if");
    Stmt body = statements(ends, tag);
    lenient = around;
    leave();
    return body;
  }

  /** A body that runs as a function of its own: no {@code break} leaves it. */
  private Stmt separate(String tag) {
    int around = loops;
    loops = 0;
    Stmt body = body(tag);
    loops = around;
    return body;
  }

  private Stmt statement(Set<String> ends) {
    if (!at(TokenType.NAME)) {
      throw fail("tag name expected");
    }
    Token tag = next();
    return switch (tag.text()) {
    case "if" -> parseIf();
    case "for" -> parseFor();
    case "set" -> parseSet();
    case "filter" -> {
      Expr value = filters(filter(BODY));
      Stmt body = body("filter");
      yield (scope, out) -> Stmt.write(filtered(value, body, scope), out);
    }
    case "macro" -> {
      String name = assignable(expect(TokenType.NAME).text());
      List<String> parameters = new ArrayList<>();
      List<Expr> defaults = new ArrayList<>();
      expect("(");
      signature(parameters, defaults);
      Macro.Definition macro = macro(name, parameters, defaults, "macro");
      yield (scope, out) -> scope.set(name, new Macro(macro, scope));
    }
    case "call" -> parseCall(tag);
    case "with" -> parseWith();
    case "generation" -> {
      Stmt body = separate("generation");
      yield (scope, out) -> {
        String text = body.text(scope.inner());
        // As in transformers, a block inside a macro or a set lies where the output had got to.
        int start = scope.output().length();
        scope.generated().add(new Span(start, start + text.length()));
        Stmt.write(text, out);
      };
    }
    case "break", "continue" -> {
      if (loops == 0) {
        throw TemplateException.syntax("'" + tag.text() + "' outside loop", tag.line());
      }
      LoopExit exit = tag.text().equals("break") ? LoopExit.BREAK : LoopExit.CONTINUE;
      yield (scope, out) -> { throw exit; };
    }
    default ->
      throw TemplateException.syntax("Encountered unknown tag '" + tag.text() + "'." + lookingFor(ends), tag.line());
    };
  }

  private Stmt parseIf() {
    boolean around = lenient;
    lenient = true;
    Expr test = tupleWithoutConditional();
    lenient = around;
    Stmt then = body("if", Set.of("elif", "else", "endif"));
    Token end = next();
    Stmt otherwise = switch (end.text()) {
    case "elif" -> parseIf().at(end.line());
    case "else" -> body("if");
    default -> NOTHING;
    };
    return (scope, out) -> (test.isTrue(scope) ? then : otherwise).run(scope, out);
  }

  private Stmt parseFor() {
    loopsAround++;
    Target target = target(false);
    expect("in");
    Expr items = tupleWithoutConditional();
    Expr test = skip("if") ? expression() : null;
    boolean recursive = skip("recursive");
    loops++;
    Stmt body = body("for", Set.of("endfor", "else"));
    loops--;
    Stmt otherwise = next().text().equals("else") ? body("for") : NOTHING;
    loopsAround--;
    return new ForLoop(target, items, test, recursive, body, otherwise);
  }

  private Stmt parseSet() {
    Target target = target(true);
    if (skip("=")) {
      Expr value = tuple();
      return (scope, out) -> target.assign(value.marked(scope), scope);
    }
    Expr value = filters(BODY);
    Stmt body = body("set");
    return (scope, out) -> target.assign(filtered(value, body, scope), scope);
  }

  private static Object filtered(Expr value, Stmt body, Scope scope) {
    Scope inner = scope.inner();
    inner.set("(body)", body.text(scope.inner()));
    return value.value(inner);
  }

  private Expr filters(Expr value) {
    return skip("|") ? filters(filter(value)) : value;
  }

  private Stmt parseCall(Token tag) {
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (skip("(")) {
      signature(parameters, defaults);
    }
    if (!(expression() instanceof Expr.Call call)) {
      throw TemplateException.syntax("expected call", tag.line());
    }
    Macro.Definition caller = macro("caller", parameters, defaults, "call");
    return (scope, out) -> Stmt.write(call.call(scope, new Macro(caller, scope)), out);
  }

  private void signature(List<String> parameters, List<Expr> defaults) {
    while (!skip(")")) {
      if (!parameters.isEmpty()) {
        expect(",");
      }
      String parameter = assignable(expect(TokenType.NAME).text());
      if (parameters.contains(parameter)) {
        throw fail("duplicate argument '" + parameter + "' in function definition");
      }
      parameters.add(parameter);
      if (skip("=")) {
        defaults.add(expression());
      } else if (!defaults.isEmpty()) {
        throw fail("non-default argument follows default argument");
      }
    }
  }

  private Macro.Definition macro(String name, List<String> parameters, List<Expr> defaults, String tag) {
    int start = position;
    Stmt body = separate(tag);
    return new Macro.Definition(name, parameters, defaults, body,
        Stream.of("caller", "varargs", "kwargs")
          .filter(word -> !parameters.contains(word) && hasName(start, word))
          .toList());
  }

  private Stmt parseWith() {
    List<Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!at(TokenType.BLOCK_END)) {
      if (!targets.isEmpty()) {
        expect(",");
      }
      targets.add(target(false));
      expect("=");
      values.add(expression());
    }
    Stmt body = body("with");
    return (scope, out) -> {
      Scope inner = scope.inner();
      for (int i = 0; i < targets.size(); i++) {
        targets.get(i).assign(values.get(i).value(scope), inner);
      }
      body.run(inner, out);
    };
  }

  /** A name, {@code a.b} where {@code members} is set, or several of them. */
  private Target target(boolean members) {
    List<Target> targets = new ArrayList<>();
    boolean comma = false;
    do {
      targets.add(oneTarget(members));
      comma |= at(",");
    } while (skip(",") && (at(TokenType.NAME) || at("(")));
    return comma ? (value, scope) -> unpack(value, targets, scope) : targets.get(0);
  }

  private Target oneTarget(boolean members) {
    if (skip("(")) {
      enter();
      Target inner = target(members);
      leave();
      expect(")");
      return inner;
    }
    String name = at(TokenType.NAME) ? next().text() : "none";
    if (!members || !skip(".")) {
      assignable(name);
      return (value, scope) -> scope.set(name, value);
    }
    String attribute = expect(TokenType.NAME).text();
    return (value, scope) -> {
      if (!(Values.require(scope.get(name)) instanceof TemplateNamespace owner)) {
        throw new TemplateException("cannot assign attribute on non-namespace object");
      }
      owner.attributes().put(Globals.attribute(attribute), value);
    };
  }

  private static void unpack(Object value, List<Target> targets, Scope scope) {
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
      targets.get(i).assign(items.get(i), scope);
    }
  }

  private String assignable(String name) {
    if (CONSTANTS.contains(name)) {
      throw fail("can't assign to 'const'");
    }
    if (name.equals("loop") && loopsAround > 0) {
      throw fail("Can't assign to special loop variable in for-loop target");
    }
    return name;
  }
}
