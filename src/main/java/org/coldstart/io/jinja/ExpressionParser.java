package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Lexer.Token;
import org.coldstart.io.jinja.Lexer.TokenType;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Parses expressions, with the precedence and the messages of {@code jinja2.parser}. */
class ExpressionParser {
  private static final Expr NONE = scope -> null;

  /** Arithmetic operators, those that bind least first. */
  private static final List<String[]> ARITHMETIC = List.of(new String[] {"+", "-"}, new String[] {"~"},
      new String[] {"*", "/", "//", "%"}, new String[] {"**"});

  /** Parentheses, operands and blocks within each other. */
  private static final int MAX_NESTING = 100;

  private final List<Token> tokens;
  private int nesting;

  /** The index of the current token. */
  int position;

  /** Errors for filters and tests that do not exist; Jinja reports them after syntax errors. */
  private final List<TemplateException> unknown = new ArrayList<>();

  /**
   * Whether an unknown filter is an error only once it runs: so it is directly in an {@code if}, where a template may
   * have tested for it.
   */
  boolean lenient;

  ExpressionParser(List<Token> tokens) {
    this.tokens = tokens;
  }

  /** Throws for the first filter or test that does not exist. */
  void requireAllKnown() {
    if (!unknown.isEmpty()) {
      throw unknown.get(0);
    }
  }

  /** An expression, or several separated by commas: a tuple. */
  Expr tuple() {
    return tuple(this::expression, false);
  }

  /** As {@link #tuple()} without {@code x if y}: the condition of {@code for} and {@code if}. */
  Expr tupleWithoutConditional() {
    return tuple(this::or, false);
  }

  private Expr tuple(Supplier<Expr> item, boolean mayBeEmpty) {
    List<Expr> items = new ArrayList<>();
    boolean comma = mayBeEmpty;
    while (!at(TokenType.VARIABLE_END) && !at(TokenType.BLOCK_END) && !at(")")) {
      items.add(item.get());
      comma = skip(",");
      if (!comma) {
        break;
      }
    }
    if (items.isEmpty() && !mayBeEmpty) {
      throw fail("Expected an expression, got '" + current().describe() + "'");
    }
    return comma || items.size() > 1 ? scope -> new Tuple(all(items, scope)) : items.get(0);
  }

  private static List<Object> all(List<Expr> items, Scope scope) {
    List<Object> values = new ArrayList<>(items.size());
    for (Expr item : items) {
      values.add(item.value(scope));
    }
    return values;
  }

  /** One expression. */
  Expr expression() {
    enter();
    int before = unknown.size();
    Expr value = or();
    while (at("if")) {
      int line = next().line();
      Expr then = value;
      Expr test = or();
      Expr otherwise = skip("else") ? expression()
          : scope -> new Undefined(
              "the inline if-expression on line " + line + " evaluated to false and no else section was defined.");
      value = scope -> (test.isTrue(scope) ? then : otherwise).marked(scope);
      unknown.subList(before, unknown.size()).clear();
    }
    leave();
    return value;
  }

  private Expr or() {
    return logical("or", () -> logical("and", this::not));
  }

  private Expr logical(String operator, Supplier<Expr> operand) {
    boolean or = operator.equals("or");
    Expr value = operand.get();
    while (skip(operator)) {
      Expr left = value;
      Expr right = operand.get();
      value = scope -> {
        Object first = left.value(scope);
        return Values.isTrue(first) == or ? first : right.value(scope);
      };
    }
    return value;
  }

  private Expr not() {
    if (!skip("not")) {
      return compare();
    }
    enter();
    Expr operand = not();
    leave();
    return scope -> !operand.isTrue(scope);
  }

  /** {@code a < b <= c}: true if each pair of neighbours is. */
  private Expr compare() {
    Expr first = arithmetic(0);
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      boolean negated = at("not") && look().describe().equals("in");
      if (negated) {
        next();
      } else if (!at("in", "==", "!=", "<", "<=", ">", ">=")) {
        break;
      }
      operators.add((negated ? "not " : "") + next().text());
      others.add(arithmetic(0));
    }
    return others.isEmpty() ? first : scope -> {
      Object left = first.value(scope);
      for (int i = 0; i < others.size(); i++) {
        Object right = others.get(i).value(scope);
        if (!Operators.holds(operators.get(i), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    };
  }

  private Expr arithmetic(int level) {
    if (level == ARITHMETIC.size()) {
      return filters(unary());
    }
    Expr value = arithmetic(level + 1);
    while (at(ARITHMETIC.get(level))) {
      String operator = next().text();
      Expr left = value;
      Expr right = arithmetic(level + 1);
      value = operator.equals("+") ? scope -> Operators.add(left.marked(scope), right.marked(scope))
          : scope -> Operators.apply(operator, left.value(scope), right.value(scope));
    }
    return value;
  }

  private Expr unary() {
    if (!at("-", "+")) {
      return postfix(primary());
    }
    enter();
    String sign = next().text();
    Expr operand = unary();
    leave();
    return postfix(scope -> Operators.sign(sign, operand.value(scope)));
  }

  private Expr primary() {
    Token token = next();
    switch (token.type()) {
    case NUMBER:
      return scope -> token.value();
    case STRING:
      StringBuilder text = new StringBuilder(token.text());
      while (at(TokenType.STRING)) {
        text.append(next().text());
      }
      String joined = text.toString();
      return scope -> joined;
    case NAME:
      return switch (token.text()) {
      case "true", "True" -> scope -> true;
      case "false", "False" -> scope -> false;
      case "none", "None" -> NONE;
      default -> scope -> scope.get(token.text());
      };
    default:
      return switch (token.describe()) {
      case "(" -> {
        enter();
        Expr value = tuple(this::expression, true);
        leave();
        expect(")");
        yield value;
      }
      case "[" -> {
        List<Expr> items = new ArrayList<>();
        items("]", () -> items.add(expression()));
        yield scope -> all(items, scope);
      }
      case "{" -> dict();
      default -> throw TemplateException.syntax("unexpected '" + token.describe() + "'", token.line());
      };
    }
  }

  private Expr dict() {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    items("}", () -> {
      keys.add(expression());
      expect(":");
      values.add(expression());
    });
    return scope -> {
      Map<Object, Object> made = new LinkedHashMap<>();
      for (int i = 0; i < keys.size(); i++) {
        Lookup.put(made, keys.get(i).value(scope), values.get(i).value(scope));
      }
      return made;
    };
  }

  /** Items separated by commas, up to and with the closing bracket. */
  private void items(String close, Runnable item) {
    while (!skip(close)) {
      item.run();
      if (!at(close)) {
        expect(",");
      }
    }
  }

  private Expr postfix(Expr start) {
    Expr value = start;
    while (at(".", "[", "(")) {
      Expr object = value;
      switch (next().text()) {
      case "(" -> value = new Expr.Call(object, arguments());
      case "[" -> value = subscript(object);
      default -> {
        if (!at(TokenType.NAME) && !(current().value() instanceof Long)) {
          throw fail("expected name or number");
        }
        Token token = next();
        value = token.type() == TokenType.NAME ? scope -> Lookup.attribute(object.value(scope), token.text())
            : scope -> Lookup.item(object.value(scope), token.value());
      }
      }
    }
    return value;
  }

  private Expr subscript(Expr object) {
    Expr from = bound(":");
    boolean slice = skip(":");
    Expr to = slice ? bound(":") : NONE;
    Expr step = skip(":") ? bound("]") : NONE;
    expect("]");
    return slice ? scope -> Lookup.slice(object.value(scope), from.value(scope), to.value(scope), step.value(scope))
        : scope -> Lookup.item(object.value(scope), from.value(scope));
  }

  private Expr bound(String end) {
    return at(end, "]") ? NONE : expression();
  }

  private Expr filters(Expr start) {
    Expr value = start;
    while (true) {
      if (skip("|")) {
        value = filter(value);
      } else if (skip("is")) {
        value = test(value);
      } else if (skip("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  /** {@code input} through the filter that follows. */
  Expr filter(Expr input) {
    Builtin filter = known(Filters.ALL, "filter");
    Function<Scope, Args> arguments = skip("(") ? arguments() : scope -> Args.NONE;
    return scope -> filter.apply(input.value(scope), arguments.apply(scope));
  }

  private Expr test(Expr input) {
    boolean holds = !skip("not");
    Builtin test = known(Filters.TESTS, "test");
    Function<Scope, Args> arguments = testArguments();
    return scope -> test.apply(input.value(scope), arguments.apply(scope)).equals(holds);
  }

  private Builtin known(Map<String, Builtin> table, String kind) {
    Token token = expect(TokenType.NAME);
    Builtin found = table.get(token.text());
    if (found == null && !lenient) {
      unknown.add(TemplateException.syntax("No " + kind + " named '" + token.text() + "'.", token.line()));
    }
    return found != null ? found : (self, args) -> {
      throw new TemplateException("No %s named '%s' found.", kind, token.text());
    };
  }

  private Function<Scope, Args> testArguments() {
    if (skip("(")) {
      return arguments();
    }
    if (at("is")) {
      throw fail("You cannot chain multiple tests with is");
    }
    boolean startsValue = switch (current().type()) {
    case NAME -> !at("else", "or", "and");
    case STRING, NUMBER -> true;
    default -> at("[", "{");
    };
    if (!startsValue) {
      return scope -> Args.NONE;
    }
    Expr argument = postfix(primary());
    return scope -> new Args(all(List.of(argument), scope), Map.of());
  }

  /** A call's arguments, after its opening parenthesis. */
  private Function<Scope, Args> arguments() {
    List<Expr> positional = new ArrayList<>();
    Map<String, Expr> named = new LinkedHashMap<>();
    List<Expr> star = new ArrayList<>();
    List<Expr> starStar = new ArrayList<>();
    items(")", () -> {
      boolean valid = starStar.isEmpty();
      if (skip("*")) {
        valid &= star.isEmpty();
        star.add(expression());
      } else if (skip("**")) {
        starStar.add(expression());
      } else if (at(TokenType.NAME) && look().describe().equals("=")) {
        String name = next().text();
        next();
        valid &= named.put(name, expression()) == null;
      } else {
        valid &= star.isEmpty() && named.isEmpty();
        positional.add(expression());
      }
      if (!valid) {
        throw fail("invalid syntax for function call expression");
      }
    });
    return scope -> {
      List<Object> values = all(positional, scope);
      Map<String, Object> byName = new LinkedHashMap<>();
      named.forEach((name, value) -> byName.put(name, value.value(scope)));
      star.forEach(items -> values.addAll(Values.list(items.value(scope))));
      for (Expr more : starStar) {
        if (!(more.value(scope) instanceof Map<?, ?> map)) {
          throw new TemplateException("argument after ** must be a mapping");
        }
        map.forEach((name, value) -> byName.put(String.valueOf(name), value));
      }
      return new Args(values, byName);
    };
  }

  Token current() {
    return tokens.get(position);
  }

  Token look() {
    return tokens.get(Math.min(position + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = current();
    position = Math.min(position + 1, tokens.size() - 1);
    return token;
  }

  /** Whether {@code name} stands among the tokens since {@code start}, not as an attribute. */
  boolean hasName(int start, String name) {
    for (int i = start; i < position; i++) {
      boolean attribute = tokens.get(i - 1).describe().equals(".");
      if (tokens.get(i).describe().equals(name) && !attribute) {
        return true;
      }
    }
    return false;
  }

  boolean at(TokenType type) {
    return current().type() == type;
  }

  /** Whether the current token is one of these names or operators. */
  boolean at(String... words) {
    return current().isWord() && List.of(words).contains(current().text());
  }

  /** Whether the current token was that one; it is passed then. */
  boolean skip(String word) {
    boolean matches = at(word);
    if (matches) {
      next();
    }
    return matches;
  }

  void expect(String word) {
    expect(at(word), word);
  }

  Token expect(TokenType type) {
    return expect(at(type), type.description);
  }

  private Token expect(boolean matches, String expected) {
    if (matches) {
      return next();
    }
    throw fail(at(TokenType.EOF) ? "unexpected end of template, expected '" + expected + "'."
        : "expected token '" + expected + "', got '" + current().describe() + "'");
  }

  /** An error at the current token. */
  TemplateException fail(String message) {
    return TemplateException.syntax(message, current().line());
  }

  /** One level deeper: a parenthesis, an operator's operand, a block. */
  void enter() {
    if (++nesting > MAX_NESTING) {
      throw fail("nested more than " + MAX_NESTING + " levels deep");
    }
  }

  void leave() {
    nesting--;
  }
}
