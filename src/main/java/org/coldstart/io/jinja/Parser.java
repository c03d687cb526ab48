package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.coldstart.io.jinja.Stmt.Target;
import org.coldstart.io.jinja.TokenStream.Token;
import org.coldstart.io.jinja.TokenStream.TokenType;

/**
 * Parses a template's statements, as {@code jinja2.parser} with the loop controls and transformers' generation tag.
 */
final class Parser {
  private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

  private final TokenStream tokens;
  private final ExpressionParser expressions;

  /** Loops around the current place within the same macro: {@code break} needs one. */
  private int loops;

  /** Loops around the current place at all: none of them may have its {@code loop} assigned. */
  private int loopsAround;

  Parser(TokenStream tokens) {
    this.tokens = tokens;
    expressions = new ExpressionParser(tokens);
  }

  /** The whole template. */
  List<Stmt> template() {
    List<Stmt> body = statements(Set.of(), null);
    expressions.requireAllKnown();
    return body;
  }

  /**
   * Statements up to a tag of {@code ends}, which becomes the current token; {@code tag} is the one to close.
   */
  private List<Stmt> statements(Set<String> ends, String tag) {
    List<Stmt> body = new ArrayList<>();
    while (!tokens.at(TokenType.EOF)) {
      Token token = tokens.next();
      if (token.is(TokenType.DATA)) {
        body.add(new Stmt.Data(token.line(), token.text()));
      } else if (token.is(TokenType.VARIABLE_BEGIN)) {
        body.add(new Stmt.Print(token.line(), expressions.tuple()));
        tokens.expect(TokenType.VARIABLE_END);
      } else if (tokens.at(TokenType.NAME) && ends.contains(tokens.current().text())) {
        return body;
      } else {
        body.add(statement(ends));
        tokens.expect(TokenType.BLOCK_END);
      }
    }
    if (!ends.isEmpty()) {
      throw tokens.fail("Unexpected end of template." + lookingFor(ends)
          + " The innermost block that needs to be closed is '" + tag + "'.");
    }
    return body;
  }

  private static String lookingFor(Set<String> ends) {
    String tags = "'" + String.join("' or '", new TreeSet<>(ends)) + "'.";
    return ends.isEmpty() ? "" : " Jinja was looking for the following tags: " + tags;
  }

  /** The body of a block tag up to and with its end tag's name. */
  private List<Stmt> body(String tag) {
    List<Stmt> body = body(tag, Set.of("end" + tag));
    tokens.next();
    return body;
  }

  private List<Stmt> body(String tag, Set<String> ends) {
    tokens.skip(":");
    tokens.expect(TokenType.BLOCK_END);
    tokens.enter();
    boolean lenient = expressions.lenient;
    expressions.lenient = tag.equals("if");
    List<Stmt> body = statements(ends, tag);
    expressions.lenient = lenient;
    tokens.leave();
    return body;
  }

  /** A body that runs as a function of its own: no {@code break} leaves it. */
  private List<Stmt> separate(String tag) {
    int around = loops;
    loops = 0;
    List<Stmt> body = body(tag);
    loops = around;
    return body;
  }

  private Stmt statement(Set<String> ends) {
    if (!tokens.at(TokenType.NAME)) {
      throw tokens.fail("tag name expected");
    }
    Token tag = tokens.next();
    int line = tag.line();
    return switch (tag.text()) {
    case "if" -> parseIf(line);
    case "for" -> parseFor(line);
    case "set" -> parseSet(line);
    case "filter" -> {
      Expr value = filters(expressions.filter(Expr.Name.BODY));
      yield new Stmt.Captured(line, null, value, body("filter"));
    }
    case "macro" -> parseMacro(line);
    case "call" -> parseCall(line);
    case "with" -> parseWith(line);
    case "generation" -> new Stmt.Generation(line, separate("generation"));
    case "break", "continue" -> {
      if (loops == 0) {
        throw TemplateException.syntax("'" + tag.text() + "' outside loop", line);
      }
      yield new Stmt.Leave(line, tag.text().equals("break"));
    }
    default -> throw TemplateException.syntax("Encountered unknown tag '" + tag.text() + "'." + lookingFor(ends), line);
    };
  }

  private Stmt parseIf(int line) {
    boolean lenient = expressions.lenient;
    expressions.lenient = true;
    Expr test = expressions.tupleWithoutConditional();
    expressions.lenient = lenient;
    List<Stmt> then = body("if", Set.of("elif", "else", "endif"));
    Token end = tokens.next();
    List<Stmt> otherwise = switch (end.text()) {
    case "elif" -> List.of(parseIf(end.line()));
    case "else" -> body("if");
    default -> List.of();
    };
    return new Stmt.If(line, test, then, otherwise);
  }

  private Stmt parseFor(int line) {
    loopsAround++;
    Target target = target(false);
    tokens.expect(tokens.at(TokenType.NAME, "in"), "in");
    Expr items = expressions.tupleWithoutConditional();
    Expr test = tokens.skip(TokenType.NAME, "if") ? expressions.expression() : null;
    boolean recursive = tokens.skip(TokenType.NAME, "recursive");
    loops++;
    List<Stmt> body = body("for", Set.of("endfor", "else"));
    loops--;
    boolean hasElse = tokens.next().text().equals("else");
    List<Stmt> otherwise = hasElse ? body("for") : List.of();
    loopsAround--;
    return new Stmt.For(line, target, items, test, recursive, body, otherwise);
  }

  private Stmt parseSet(int line) {
    Target target = target(true);
    return tokens.skip("=") ? new Stmt.Assign(line, target, expressions.tuple())
        : new Stmt.Captured(line, target, filters(Expr.Name.BODY), body("set"));
  }

  private Expr filters(Expr value) {
    return tokens.skip("|") ? filters(expressions.filter(value)) : value;
  }

  private Stmt parseMacro(int line) {
    String name = assignable(tokens.expect(TokenType.NAME).text());
    List<Expr> defaults = new ArrayList<>();
    return macro(line, name, signature(defaults), defaults, "macro");
  }

  private Stmt parseCall(int line) {
    List<Expr> defaults = new ArrayList<>();
    List<String> parameters = tokens.at(TokenType.OPERATOR, "(") ? signature(defaults) : List.of();
    if (!(expressions.expression() instanceof Expr.Call call)) {
      throw TemplateException.syntax("expected call", line);
    }
    return new Stmt.CallBlock(line, macro(line, "caller", parameters, defaults, "call"), call);
  }

  private List<String> signature(List<Expr> defaults) {
    List<String> parameters = new ArrayList<>();
    tokens.expect("(");
    while (!tokens.skip(")")) {
      if (!parameters.isEmpty()) {
        tokens.expect(",");
      }
      String parameter = assignable(tokens.expect(TokenType.NAME).text());
      if (parameters.contains(parameter)) {
        throw tokens.fail("duplicate argument '" + parameter + "' in function definition");
      }
      parameters.add(parameter);
      if (tokens.skip("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw tokens.fail("non-default argument follows default argument");
      }
    }
    return parameters;
  }

  private Stmt.DefineMacro macro(int line, String name, List<String> parameters, List<Expr> defaults, String tag) {
    int start = tokens.position();
    List<Stmt> body = separate(tag);
    return new Stmt.DefineMacro(line, name, parameters, defaults, body,
        tokens.hasName(start, "caller") && !parameters.contains("caller"),
        tokens.hasName(start, "varargs") && !parameters.contains("varargs"),
        tokens.hasName(start, "kwargs") && !parameters.contains("kwargs"));
  }

  private Stmt parseWith(int line) {
    List<Stmt.Assign> assigns = new ArrayList<>();
    while (!tokens.at(TokenType.BLOCK_END)) {
      if (!assigns.isEmpty()) {
        tokens.expect(",");
      }
      Target target = target(false);
      tokens.expect("=");
      assigns.add(new Stmt.Assign(line, target, expressions.expression()));
    }
    return new Stmt.With(line, assigns, body("with"));
  }

  /** A name, {@code a.b} where {@code members} is set, or several of them. */
  private Target target(boolean members) {
    List<Target> targets = new ArrayList<>();
    boolean comma = false;
    do {
      targets.add(oneTarget(members));
      comma |= tokens.at(TokenType.OPERATOR, ",");
    } while (tokens.skip(",") && (tokens.at(TokenType.NAME) || tokens.at(TokenType.OPERATOR, "(")));
    return comma ? new Target.Unpack(targets) : targets.get(0);
  }

  private Target oneTarget(boolean members) {
    if (tokens.skip("(")) {
      tokens.enter();
      Target inner = target(members);
      tokens.leave();
      tokens.expect(")");
      return inner;
    }
    String name = tokens.at(TokenType.NAME) ? tokens.next().text() : "none";
    return members && tokens.skip(".") ? new Target.Member(name, tokens.expect(TokenType.NAME).text())
        : new Target.Variable(assignable(name));
  }

  private String assignable(String name) {
    if (CONSTANTS.contains(name)) {
      throw tokens.fail("can't assign to 'const'");
    }
    if (name.equals("loop") && loopsAround > 0) {
      throw tokens.fail("Can't assign to special loop variable in for-loop target");
    }
    return name;
  }
}
