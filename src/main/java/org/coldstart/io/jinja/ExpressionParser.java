package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.coldstart.io.jinja.Expr.Arguments;
import org.coldstart.io.jinja.TokenStream.Token;
import org.coldstart.io.jinja.TokenStream.TokenType;

/** Parses expressions, with the precedence of {@code jinja2.parser}. */
final class ExpressionParser {
  private final TokenStream tokens;

  /** Errors for filters and tests that do not exist; Jinja reports them after syntax errors. */
  private final List<TemplateException> unknown = new ArrayList<>();

  /**
   * Whether an unknown filter is an error only once it runs: so it is directly in an {@code if}, where a template may
   * have tested for it.
   */
  boolean lenient;

  ExpressionParser(TokenStream tokens) {
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
    while (!tokens.at(TokenType.VARIABLE_END) && !tokens.at(TokenType.BLOCK_END)
        && !tokens.at(TokenType.OPERATOR, ")")) {
      items.add(item.get());
      comma = tokens.skip(",");
      if (!comma) {
        break;
      }
    }
    if (items.isEmpty() && !mayBeEmpty) {
      throw tokens.fail("Expected an expression, got '" + tokens.current().describe() + "'");
    }
    return comma || items.size() > 1 ? new Expr.TupleOf(items) : items.get(0);
  }

  /** One expression. */
  Expr expression() {
    tokens.enter();
    int before = unknown.size();
    Expr value = or();
    while (tokens.at(TokenType.NAME, "if")) {
      int line = tokens.next().line();
      Expr test = or();
      boolean hasElse = tokens.skip(TokenType.NAME, "else");
      value = new Expr.Conditional(test, value, hasElse ? expression() : new Expr.NoElse(line));
      unknown.subList(before, unknown.size()).clear();
    }
    tokens.leave();
    return value;
  }

  private Expr or() {
    return binary(this::and, TokenType.NAME, "or");
  }

  private Expr and() {
    return binary(this::not, TokenType.NAME, "and");
  }

  private Expr not() {
    if (!tokens.skip(TokenType.NAME, "not")) {
      return compare();
    }
    tokens.enter();
    Expr operand = not();
    tokens.leave();
    return new Expr.Not(operand);
  }

  private Expr compare() {
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      boolean negated = tokens.at(TokenType.NAME, "not") && tokens.look().is(TokenType.NAME, "in");
      if (negated) {
        tokens.next();
      } else if (!tokens.at(TokenType.NAME, "in") && !tokens.at(TokenType.OPERATOR, "==", "!=", "<", "<=", ">", ">=")) {
        return others.isEmpty() ? first : new Expr.Compare(first, operators, others);
      }
      operators.add((negated ? "not " : "") + tokens.next().text());
      others.add(sum());
    }
  }

  private Expr sum() {
    return binary(this::concat, TokenType.OPERATOR, "+", "-");
  }

  private Expr concat() {
    return binary(this::product, TokenType.OPERATOR, "~");
  }

  private Expr product() {
    return binary(this::power, TokenType.OPERATOR, "*", "/", "//", "%");
  }

  private Expr power() {
    return binary(() -> filters(unary()), TokenType.OPERATOR, "**");
  }

  private Expr binary(Supplier<Expr> operand, TokenType type, String... operators) {
    Expr left = operand.get();
    while (tokens.at(type, operators)) {
      left = new Expr.Binary(tokens.next().text(), left, operand.get());
    }
    return left;
  }

  private Expr unary() {
    if (!tokens.at(TokenType.OPERATOR, "-", "+")) {
      return postfix(primary());
    }
    tokens.enter();
    Expr value = new Expr.Signed(tokens.next().text(), unary());
    tokens.leave();
    return postfix(value);
  }

  private Expr primary() {
    Token token = tokens.next();
    if (token.is(TokenType.NAME)) {
      return switch (token.text()) {
      case "true", "True" -> new Expr.Constant(true);
      case "false", "False" -> new Expr.Constant(false);
      case "none", "None" -> Expr.Constant.NONE;
      default -> new Expr.Name(token.text());
      };
    }
    if (token.is(TokenType.NUMBER)) {
      return new Expr.Constant(token.value());
    }
    if (token.is(TokenType.STRING)) {
      StringBuilder text = new StringBuilder(token.text());
      while (tokens.at(TokenType.STRING)) {
        text.append(tokens.next().text());
      }
      return new Expr.Constant(text.toString());
    }
    return switch (token.describe()) {
    case "(" -> {
      tokens.enter();
      Expr value = tuple(this::expression, true);
      tokens.leave();
      tokens.expect(")");
      yield value;
    }
    case "[" -> new Expr.ListOf(items("]", this::expression));
    case "{" -> {
      List<Expr> keys = new ArrayList<>();
      yield new Expr.DictOf(keys, items("}", () -> dictValue(keys)));
    }
    default -> throw TemplateException.syntax("unexpected '" + token.describe() + "'", token.line());
    };
  }

  private Expr dictValue(List<Expr> keys) {
    keys.add(expression());
    tokens.expect(":");
    return expression();
  }

  /** Items separated by commas, up to and with the closing bracket. */
  private List<Expr> items(String close, Supplier<Expr> item) {
    List<Expr> items = new ArrayList<>();
    while (!tokens.skip(close)) {
      items.add(item.get());
      if (!tokens.at(TokenType.OPERATOR, close)) {
        tokens.expect(",");
      }
    }
    return items;
  }

  private Expr postfix(Expr start) {
    Expr value = start;
    while (tokens.at(TokenType.OPERATOR, ".", "[", "(")) {
      switch (tokens.next().text()) {
      case "(" -> value = new Expr.Call(value, arguments());
      case "[" -> value = subscript(value);
      default -> {
        if (!tokens.at(TokenType.NAME) && !(tokens.current().value() instanceof Long)) {
          throw tokens.fail("expected name or number");
        }
        Token token = tokens.next();
        value = token.is(TokenType.NAME) ? new Expr.Attribute(value, token.text())
            : new Expr.Item(value, new Expr.Constant(token.value()));
      }
      }
    }
    return value;
  }

  private Expr subscript(Expr value) {
    Expr from = bound(":");
    if (tokens.skip(":")) {
      Expr to = bound(":");
      Expr step = tokens.skip(":") ? bound("]") : Expr.Constant.NONE;
      tokens.expect("]");
      return new Expr.Slice(value, from, to, step);
    }
    tokens.expect("]");
    return new Expr.Item(value, from);
  }

  private Expr bound(String end) {
    return tokens.at(TokenType.OPERATOR, end, "]") ? Expr.Constant.NONE : expression();
  }

  private Expr filters(Expr start) {
    Expr value = start;
    while (true) {
      if (tokens.skip("|")) {
        value = filter(value);
      } else if (tokens.skip(TokenType.NAME, "is")) {
        value = test(value);
      } else if (tokens.skip("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  /** {@code value} through the filter that follows. */
  Expr filter(Expr value) {
    String name = known(Filters.ALL, "filter");
    return new Expr.Filtered(value, name, tokens.skip("(") ? arguments() : Arguments.NONE);
  }

  private Expr test(Expr value) {
    boolean negated = tokens.skip(TokenType.NAME, "not");
    String name = known(Filters.TESTS, "test");
    Expr tested = new Expr.Tested(value, name, testArguments());
    return negated ? new Expr.Not(tested) : tested;
  }

  private String known(Map<String, Builtin> table, String kind) {
    Token token = tokens.expect(TokenType.NAME);
    String name = token.text();
    if (!lenient && !table.containsKey(name)) {
      unknown.add(TemplateException.syntax("No " + kind + " named '" + name + "'.", token.line()));
    }
    return name;
  }

  private Arguments testArguments() {
    if (tokens.skip("(")) {
      return arguments();
    }
    if (tokens.at(TokenType.NAME, "is")) {
      throw tokens.fail("You cannot chain multiple tests with is");
    }
    boolean startsValue = switch (tokens.current().type()) {
    case NAME -> !Set.of("else", "or", "and").contains(tokens.current().text());
    case STRING, NUMBER -> true;
    default -> tokens.at(TokenType.OPERATOR, "[", "{");
    };
    return startsValue ? new Arguments(List.of(postfix(primary())), Map.of(), null, null) : Arguments.NONE;
  }

  /** A call's arguments, after its opening parenthesis. */
  private Arguments arguments() {
    List<Expr> positional = new ArrayList<>();
    Map<String, Expr> named = new LinkedHashMap<>();
    Expr star = null;
    Expr starStar = null;
    while (!tokens.skip(")")) {
      boolean valid = starStar == null;
      if (tokens.skip("*")) {
        valid &= star == null;
        star = expression();
      } else if (tokens.skip("**")) {
        starStar = expression();
      } else if (tokens.at(TokenType.NAME) && tokens.look().is(TokenType.OPERATOR, "=")) {
        String name = tokens.next().text();
        tokens.next();
        valid &= named.put(name, expression()) == null;
      } else {
        valid &= star == null && named.isEmpty();
        positional.add(expression());
      }
      if (!valid) {
        throw tokens.fail("invalid syntax for function call expression");
      }
      if (!tokens.at(TokenType.OPERATOR, ")")) {
        tokens.expect(",");
      }
    }
    return new Arguments(positional, named, star, starStar);
  }
}
