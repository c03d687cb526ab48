package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.coldstart.io.jinja.Stmt.Target;
import org.coldstart.io.jinja.Token.Type;

/**
 * Parses a template's statements, as {@code jinja2.parser} with the loop controls and transformers'
 * generation tag.
 */
final class Parser {
  private final TokenStream stream;
  private final NameUse names = new NameUse();
  private final ExpressionParser expressions;
  private final Map<String, Stmt.Block> blocks = new LinkedHashMap<>();

  /** Loops around the current place within the same macro: {@code break} needs one. */
  private int loops;

  /** Loops around the current place at all: none of them may have its {@code loop} assigned. */
  private int loopsAround;

  Parser(List<Token> tokens, Limits limits) {
    stream = new TokenStream(tokens, limits.nesting());
    expressions = new ExpressionParser(stream, names);
  }

  /** The whole template. */
  List<Stmt> template() {
    List<Stmt> body = statements(Set.of(), null);
    names.requireAllKnown();
    return body;
  }

  /** The template's {@code block}s by name, once it is parsed. */
  Map<String, Stmt.Block> blocks() {
    return blocks;
  }

  /**
   * Statements up to a tag of {@code ends}, which becomes the current token; {@code tag} is the one
   * to close.
   */
  private List<Stmt> statements(Set<String> ends, String tag) {
    List<Stmt> body = new ArrayList<>();
    while (!stream.current().is(Type.EOF)) {
      Token token = stream.next();
      switch (token.type()) {
        case DATA -> body.add(new Stmt.Text(token.text()));
        case VARIABLE_BEGIN -> {
          body.add(new Stmt.Print(expressions.tuple(), token.line()));
          stream.expect(Type.VARIABLE_END);
        }
        default -> {
          if (stream.current().is(Type.NAME) && ends.contains(stream.current().text())) {
            return body;
          }
          statement(body, ends);
          stream.expect(Type.BLOCK_END);
        }
      }
    }
    if (!ends.isEmpty()) {
      throw stream.fail(
          "Unexpected end of template. Jinja was looking for the following tags: "
              + listed(ends)
              + ". The innermost block that needs to be closed is '"
              + tag
              + "'.");
    }
    return body;
  }

  private static String listed(Set<String> ends) {
    return ends.stream()
        .sorted()
        .map(end -> "'" + end + "'")
        .reduce((a, b) -> a + " or " + b)
        .orElse("");
  }

  /** The body of a block tag up to and with its end tag's name. */
  private List<Stmt> body(String tag) {
    List<Stmt> body = body(tag, Set.of("end" + tag));
    stream.next();
    return body;
  }

  private List<Stmt> body(String tag, Set<String> ends) {
    stream.skipOperator(":");
    stream.expect(Type.BLOCK_END);
    stream.enter();
    List<Stmt> body = statements(ends, tag);
    stream.leave();
    return body;
  }

  /** A body that has variables of its own. */
  private <T> T scoped(Supplier<T> parse) {
    boolean soft = names.soft(false);
    T parsed = parse.get();
    names.soft(soft);
    return parsed;
  }

  private void statement(List<Stmt> into, Set<String> ends) {
    if (!stream.current().is(Type.NAME)) {
      throw stream.fail("tag name expected");
    }
    Token tag = stream.next();
    int line = tag.line();
    switch (tag.text()) {
      case "if" -> into.add(parseIf());
      case "for" -> into.add(parseFor(line));
      case "set" -> into.add(parseSet(line));
      case "macro" ->
          into.add(new Stmt.DefineMacro(macro(stream.expect(Type.NAME).text(), "macro", line)));
      case "call" -> into.add(parseCall(line));
      case "filter" -> into.add(parseFilter(line));
      case "with" -> into.add(parseWith(line));
      case "generation" -> into.add(new Stmt.Generation(separate("generation")));
      case "block" -> into.add(parseBlock(line));
      case "print" -> parsePrint(into, line);
      case "break", "continue" -> into.add(parseLeave(tag));
      case "autoescape" -> parseAutoescape(into, line);
      case "include", "import", "extends", "from" -> into.add(parseLoad(tag));
      default -> throw unknown(tag, ends);
    }
  }

  private static TemplateException unknown(Token tag, Set<String> ends) {
    String looking =
        ends.isEmpty() ? "" : " Jinja was looking for the following tags: " + listed(ends) + ".";
    return TemplateException.syntax(
        "Encountered unknown tag '" + tag.text() + "'." + looking, tag.line());
  }

  private Stmt parseIf() {
    List<Stmt.Branch> branches = new ArrayList<>();
    Set<String> ends = Set.of("elif", "else", "endif");
    boolean soft = names.soft(true);
    String end = "elif";
    while (end.equals("elif")) {
      int line = stream.current().line();
      Expr test = expressions.tupleWithoutConditional();
      branches.add(new Stmt.Branch(test, body("if", ends), line));
      end = stream.next().text();
    }
    if (end.equals("else")) {
      branches.add(new Stmt.Branch(new Expr.Constant(true), body("if"), stream.current().line()));
    }
    names.soft(soft);
    return new Stmt.If(branches);
  }

  private Stmt parseFor(int line) {
    loopsAround++;
    Target target = target(false);
    stream.expectName("in");
    Expr items = expressions.tupleWithoutConditional();
    Expr test = stream.skipName("if") ? scoped(expressions::expression) : null;
    boolean recursive = stream.skipName("recursive");
    loops++;
    List<Stmt> body = scoped(() -> body("for", Set.of("endfor", "else")));
    loops--;
    boolean hasElse = stream.next().text().equals("else");
    List<Stmt> orElse = hasElse ? scoped(() -> body("for")) : List.of();
    loopsAround--;
    return new Stmt.For(target, items, test, recursive, body, orElse, line);
  }

  private Stmt parseSet(int line) {
    Target target = target(true);
    if (stream.skipOperator("=")) {
      return new Stmt.Assign(target, expressions.tuple(), line);
    }
    List<Expr.FilterStep> filters = filterChain();
    return new Stmt.AssignBlock(target, filters, scoped(() -> body("set")), line);
  }

  private List<Expr.FilterStep> filterChain() {
    List<Expr.FilterStep> filters = new ArrayList<>();
    while (stream.skipOperator("|")) {
      filters.add(expressions.filterStep());
    }
    return filters;
  }

  private Stmt parseCall(int line) {
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (stream.isOperator("(")) {
      signature(parameters, defaults);
    }
    if (!(expressions.expression() instanceof Expr.Call call)) {
      throw TemplateException.syntax("expected call", line);
    }
    return new Stmt.CallBlock(macroBody("caller", parameters, defaults, "call", line), call, line);
  }

  private Stmt.MacroBody macro(String name, String tag, int line) {
    List<String> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    signature(parameters, defaults);
    checkAssignable(name);
    return macroBody(name, parameters, defaults, tag, line);
  }

  private void signature(List<String> parameters, List<Expr> defaults) {
    stream.expectOperator("(");
    while (!stream.isOperator(")")) {
      if (!parameters.isEmpty()) {
        stream.expectOperator(",");
      }
      String parameter = stream.expect(Type.NAME).text();
      checkAssignable(parameter);
      if (parameters.contains(parameter)) {
        throw stream.fail("duplicate argument '" + parameter + "' in function definition");
      }
      parameters.add(parameter);
      if (stream.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw stream.fail("non-default argument follows default argument");
      }
    }
    stream.next();
  }

  private Stmt.MacroBody macroBody(
      String name, List<String> parameters, List<Expr> defaults, String tag, int line) {
    names.beginMacro();
    List<Stmt> body = separate(tag);
    Set<String> read = names.endMacro();
    int caller = parameters.indexOf("caller");
    if (read.contains("caller") && caller >= 0 && caller < parameters.size() - defaults.size()) {
      throw TemplateException.syntax(
          "When defining macros or call blocks the special \"caller\" argument must be"
              + " omitted or be given a default.",
          line);
    }
    return new Stmt.MacroBody(
        name,
        parameters,
        defaults,
        body,
        read.contains("caller"),
        read.contains("varargs") && !parameters.contains("varargs"),
        read.contains("kwargs") && !parameters.contains("kwargs"),
        line);
  }

  /** A body that runs as a function of its own: no {@code break} leaves it. */
  private List<Stmt> separate(String tag) {
    int around = loops;
    loops = 0;
    List<Stmt> body = scoped(() -> body(tag));
    loops = around;
    return body;
  }

  private Stmt parseFilter(int line) {
    List<Expr.FilterStep> filters = new ArrayList<>(List.of(expressions.filterStep()));
    filters.addAll(filterChain());
    return new Stmt.FilterBlock(filters, scoped(() -> body("filter")), line);
  }

  private Stmt parseWith(int line) {
    List<Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!stream.current().is(Type.BLOCK_END)) {
      if (!targets.isEmpty()) {
        stream.expectOperator(",");
      }
      targets.add(target(false));
      stream.expectOperator("=");
      values.add(expressions.expression());
    }
    return new Stmt.With(targets, values, scoped(() -> body("with")), line);
  }

  private Stmt parseBlock(int line) {
    String name = stream.expect(Type.NAME).text();
    boolean scoped = stream.skipName("scoped");
    stream.skipName("required");
    Stmt.Block block = new Stmt.Block(name, scoped, separate("block"));
    stream.skipName(name);
    if (blocks.put(name, block) != null) {
      throw TemplateException.syntax("block '" + name + "' defined twice", line);
    }
    return block;
  }

  private void parsePrint(List<Stmt> into, int line) {
    boolean first = true;
    while (!stream.current().is(Type.BLOCK_END)) {
      if (!first) {
        stream.expectOperator(",");
      }
      into.add(new Stmt.Print(expressions.expression(), line));
      first = false;
    }
  }

  private Stmt parseLeave(Token tag) {
    if (loops == 0) {
      throw TemplateException.syntax("'" + tag.text() + "' outside loop", tag.line());
    }
    return new Stmt.Leave(tag.text().equals("break"));
  }

  /**
   * Chat templates are never escaped, so only {@code autoescape false}, which changes nothing, is
   * taken.
   */
  private void parseAutoescape(List<Stmt> into, int line) {
    if (!(expressions.expression() instanceof Expr.Constant constant
        && Boolean.FALSE.equals(constant.value()))) {
      throw TemplateException.syntax("autoescape is not supported in chat templates", line);
    }
    into.add(new Stmt.With(List.of(), List.of(), scoped(() -> body("autoescape")), line));
  }

  private Stmt parseLoad(Token tag) {
    while (!stream.current().is(Type.BLOCK_END) && !stream.current().is(Type.EOF)) {
      stream.next();
    }
    return new Stmt.Load(tag.text(), tag.line());
  }

  /** A name, {@code a.b} where {@code members} is set, or several of them. */
  private Target target(boolean members) {
    List<Target> targets = new ArrayList<>();
    boolean tuple = false;
    while (!stream.current().is(Type.BLOCK_END) && !stream.isOperator(")")) {
      targets.add(oneTarget(members));
      if (!stream.skipOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (!tuple && targets.size() != 1) {
      throw stream.fail("Expected an expression, got '" + stream.current().describe() + "'");
    }
    return tuple ? new Target.Unpack(targets) : targets.get(0);
  }

  private Target oneTarget(boolean members) {
    if (stream.skipOperator("(")) {
      stream.enter();
      Target inner = target(members);
      stream.leave();
      stream.expectOperator(")");
      return inner;
    }
    if (!stream.current().is(Type.NAME)) {
      throw stream.fail("can't assign to 'const'");
    }
    String name = stream.next().text();
    if (members && stream.skipOperator(".")) {
      return new Target.Member(name, stream.expect(Type.NAME).text());
    }
    checkAssignable(name);
    return new Target.Variable(name);
  }

  private void checkAssignable(String name) {
    if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
      throw stream.fail("can't assign to 'const'");
    }
    if (name.equals("loop") && loopsAround > 0) {
      throw stream.fail("Can't assign to special loop variable in for-loop target");
    }
  }
}
