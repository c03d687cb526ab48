package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.coldstart.io.jinja.Expr.Arguments;
import org.coldstart.io.jinja.Token.Type;

/** Parses expressions; one method per level of precedence, named as in {@code jinja2.parser}. */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  /** Longest chain of one operator, filters or subscripts; it bounds the height of the tree. */
  private static final int MAX_CHAIN = 1_000;

  private final TokenStream stream;
  private final NameUse names;

  ExpressionParser(TokenStream stream, NameUse names) {
    this.stream = stream;
    this.names = names;
  }

  /** An expression, or several separated by commas: a tuple. */
  Expr tuple() {
    return tuple(true, false);
  }

  /**
   * As {@link #tuple()}, but {@code x if y} is not taken: the condition of {@code for} and {@code
   * if}.
   */
  Expr tupleWithoutConditional() {
    return tuple(false, false);
  }

  private Expr tuple(boolean conditional, boolean parentheses) {
    List<Expr> items = new ArrayList<>();
    boolean tuple = false;
    while (!atTupleEnd()) {
      items.add(conditional ? expression() : or());
      if (!stream.skipOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (tuple || parentheses && items.isEmpty()) {
      return new Expr.TupleOf(items);
    }
    if (items.isEmpty()) {
      throw stream.fail("Expected an expression, got '" + stream.current().describe() + "'");
    }
    return items.get(0);
  }

  private boolean atTupleEnd() {
    Token token = stream.current();
    return token.is(Type.VARIABLE_END) || token.is(Type.BLOCK_END) || token.isOperator(")");
  }

  /** One expression. */
  Expr expression() {
    stream.enter();
    int before = names.unknown();
    Expr value = or();
    while (stream.isName("if")) {
      int line = stream.next().line();
      Expr test = or();
      Expr otherwise = stream.skipName("else") ? expression() : null;
      value = new Expr.Conditional(test, value, otherwise, line);
      names.forgive(before);
    }
    stream.leave();
    return value;
  }

  private Expr or() {
    Expr left = and();
    for (int n = 0; stream.skipName("or"); n++) {
      left = new Expr.Logical(false, left, and());
      chain(n);
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    for (int n = 0; stream.skipName("and"); n++) {
      left = new Expr.Logical(true, left, not());
      chain(n);
    }
    return left;
  }

  private Expr not() {
    if (!stream.skipName("not")) {
      return compare();
    }
    stream.enter();
    Expr operand = not();
    stream.leave();
    return new Expr.Not(operand);
  }

  private Expr compare() {
    Expr first = sum();
    List<Expr.Operand> operands = new ArrayList<>();
    while (true) {
      if (stream.current().is(Type.OPERATOR) && COMPARISONS.contains(stream.current().text())) {
        operands.add(new Expr.Operand(stream.next().text(), sum()));
      } else if (stream.skipName("in")) {
        operands.add(new Expr.Operand("in", sum()));
      } else if (stream.isName("not") && stream.look().isName("in")) {
        stream.next();
        stream.next();
        operands.add(new Expr.Operand("not in", sum()));
      } else {
        return operands.isEmpty() ? first : new Expr.Compare(first, operands);
      }
    }
  }

  private Expr sum() {
    Expr left = concat();
    for (int n = 0; stream.isOperator("+") || stream.isOperator("-"); n++) {
      left = new Expr.Binary(stream.next().text(), left, concat());
      chain(n);
    }
    return left;
  }

  private Expr concat() {
    Expr first = product();
    if (!stream.isOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>(List.of(first));
    while (stream.skipOperator("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts);
  }

  private Expr product() {
    Expr left = power();
    for (int n = 0;
        stream.isOperator("*")
            || stream.isOperator("/")
            || stream.isOperator("//")
            || stream.isOperator("%");
        n++) {
      left = new Expr.Binary(stream.next().text(), left, power());
      chain(n);
    }
    return left;
  }

  private Expr power() {
    Expr left = unary(true);
    for (int n = 0; stream.skipOperator("**"); n++) {
      left = new Expr.Binary("**", left, unary(true));
      chain(n);
    }
    return left;
  }

  private Expr unary(boolean withFilter) {
    Expr value;
    if (stream.isOperator("-") || stream.isOperator("+")) {
      boolean negative = stream.next().text().equals("-");
      stream.enter();
      value = new Expr.Signed(negative, unary(false));
      stream.leave();
    } else {
      value = primary();
    }
    value = postfix(value);
    return withFilter ? filters(value) : value;
  }

  private Expr primary() {
    Token token = stream.current();
    return switch (token.type()) {
      case NAME -> name(stream.next().text());
      case STRING -> strings();
      case INTEGER, FLOAT -> new Expr.Constant(stream.next().value());
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parentheses();
            case "[" -> list();
            case "{" -> dict();
            default -> throw unexpected(token);
          };
      default -> throw unexpected(token);
    };
  }

  private TemplateException unexpected(Token token) {
    return TemplateException.syntax("unexpected '" + token.describe() + "'", token.line());
  }

  private Expr name(String name) {
    return switch (name) {
      case "true", "True" -> new Expr.Constant(true);
      case "false", "False" -> new Expr.Constant(false);
      case "none", "None" -> new Expr.Constant(null);
      default -> {
        names.read(name);
        yield new Expr.Name(name);
      }
    };
  }

  private Expr strings() {
    StringBuilder text = new StringBuilder();
    while (stream.current().is(Type.STRING)) {
      text.append(stream.next().text());
    }
    return new Expr.Constant(text.toString());
  }

  private Expr parentheses() {
    stream.next();
    stream.enter();
    Expr value = tuple(true, true);
    stream.leave();
    stream.expectOperator(")");
    return value;
  }

  private Expr list() {
    stream.next();
    List<Expr> items = new ArrayList<>();
    while (!stream.isOperator("]")) {
      items.add(expression());
      if (!stream.isOperator("]")) {
        stream.expectOperator(",");
      }
    }
    stream.next();
    return new Expr.ListOf(items);
  }

  private Expr dict() {
    stream.next();
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!stream.isOperator("}")) {
      keys.add(expression());
      stream.expectOperator(":");
      values.add(expression());
      if (!stream.isOperator("}")) {
        stream.expectOperator(",");
      }
    }
    stream.next();
    return new Expr.DictOf(keys, values);
  }

  private Expr postfix(Expr value) {
    for (int n = 0; ; n++) {
      chain(n);
      if (stream.skipOperator(".")) {
        value = dotted(value);
      } else if (stream.skipOperator("[")) {
        value = subscript(value);
      } else if (stream.isOperator("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  private Expr dotted(Expr value) {
    Token token = stream.next();
    return switch (token.type()) {
      case NAME -> new Expr.Attribute(value, token.text());
      case INTEGER -> new Expr.Item(value, new Expr.Constant(token.value()));
      default -> throw TemplateException.syntax("expected name or number", token.line());
    };
  }

  private Expr subscript(Expr value) {
    Expr from = stream.isOperator(":") ? null : expression();
    if (stream.skipOperator(":")) {
      Expr to = stream.isOperator(":") || stream.isOperator("]") ? null : expression();
      Expr step = stream.skipOperator(":") && !stream.isOperator("]") ? expression() : null;
      stream.expectOperator("]");
      return new Expr.Slice(value, from, to, step);
    }
    List<Expr> keys = new ArrayList<>(List.of(from));
    while (stream.skipOperator(",") && !stream.isOperator("]")) {
      keys.add(expression());
    }
    stream.expectOperator("]");
    return new Expr.Item(value, keys.size() == 1 ? from : new Expr.TupleOf(keys));
  }

  private Expr filters(Expr value) {
    for (int n = 0; ; n++) {
      chain(n);
      if (stream.skipOperator("|")) {
        value = new Expr.Filtered(value, filterStep());
      } else if (stream.skipName("is")) {
        value = test(value);
      } else if (stream.isOperator("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  /** A filter's name and arguments, after its {@code |}. */
  Expr.FilterStep filterStep() {
    Token token = stream.expect(Type.NAME);
    String name = dottedName(token.text());
    names.requireFilter(name, token.line());
    return new Expr.FilterStep(
        name, stream.isOperator("(") ? arguments() : Arguments.NONE, token.line());
  }

  private String dottedName(String first) {
    StringBuilder name = new StringBuilder(first);
    while (stream.skipOperator(".")) {
      name.append('.').append(stream.expect(Type.NAME).text());
    }
    return name.toString();
  }

  private Expr test(Expr value) {
    boolean negated = stream.skipName("not");
    Token token = stream.expect(Type.NAME);
    String name = dottedName(token.text());
    names.requireTest(name, token.line());
    Expr tested = new Expr.Tested(value, name, testArguments());
    return negated ? new Expr.Not(tested) : tested;
  }

  private Arguments testArguments() {
    Token token = stream.current();
    if (token.isOperator("(")) {
      return arguments();
    }
    boolean startsValue =
        switch (token.type()) {
          case NAME -> !Set.of("else", "or", "and").contains(token.text());
          case STRING, INTEGER, FLOAT -> true;
          default -> token.isOperator("[") || token.isOperator("{");
        };
    if (!startsValue) {
      return Arguments.NONE;
    }
    if (token.isName("is")) {
      throw stream.fail("You cannot chain multiple tests with is");
    }
    return new Arguments(List.of(postfix(primary())), List.of(), null, null);
  }

  private Arguments arguments() {
    int line = stream.next().line();
    List<Expr> positional = new ArrayList<>();
    List<Expr.Keyword> keywords = new ArrayList<>();
    Expr star = null;
    Expr starStar = null;
    while (!stream.isOperator(")")) {
      boolean valid = starStar == null;
      if (stream.skipOperator("*")) {
        valid &= star == null;
        star = expression();
      } else if (stream.skipOperator("**")) {
        starStar = expression();
      } else if (stream.current().is(Type.NAME) && stream.look().isOperator("=")) {
        String name = stream.next().text();
        stream.next();
        valid &= keywords.stream().noneMatch(keyword -> keyword.name().equals(name));
        keywords.add(new Expr.Keyword(name, expression()));
      } else {
        valid &= star == null && keywords.isEmpty();
        positional.add(expression());
      }
      if (!valid) {
        throw TemplateException.syntax("invalid syntax for function call expression", line);
      }
      if (!stream.isOperator(")")) {
        stream.expectOperator(",");
      }
    }
    stream.next();
    return new Arguments(positional, keywords, star, starStar);
  }

  private void chain(int length) {
    if (length > MAX_CHAIN) {
      throw stream.fail("more than " + MAX_CHAIN + " operators in one row");
    }
  }
}
