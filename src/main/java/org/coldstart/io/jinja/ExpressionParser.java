package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.TokenStream.Token;
import org.coldstart.io.jinja.TokenStream.TokenType;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Parses expressions, with the precedence of {@code jinja2.parser}. */
class ExpressionParser {
  private static final Expr NONE = scope -> null;

  /** Arithmetic operators, those that bind least first. */
  private static final List<String[]> ARITHMETIC = List.of(new String[] {"+", "-"}, new String[] {"~"},
      new String[] {"*", "/", "//", "%"}, new String[] {"**"});

  final TokenStream tokens;

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
    while (!tokens.at(TokenType.VARIABLE_END) && !tokens.at(TokenType.BLOCK_END) && !tokens.at(")")) {
      items.add(item.get());
      comma = tokens.skip(",");
      if (!comma) {
        break;
      }
    }
    if (items.isEmpty() && !mayBeEmpty) {
      throw tokens.fail("Expected an expression, got '" + tokens.current().describe() + "'");
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
    tokens.enter();
    int before = unknown.size();
    Expr value = or();
    while (tokens.at("if")) {
      int line = tokens.next().line();
      Expr then = value;
      Expr test = or();
      Expr otherwise = tokens.skip("else") ? expression()
          : scope -> new Undefined(
              "the inline if-expression on line " + line + " evaluated to false and no else section was defined.");
      value = scope -> (test.isTrue(scope) ? then : otherwise).marked(scope);
      unknown.subList(before, unknown.size()).clear();
    }
    tokens.leave();
    return value;
  }

  private Expr or() {
    Expr value = and();
    while (tokens.skip("or")) {
      Expr left = value;
      Expr right = and();
      value = scope -> {
        Object first = left.value(scope);
        return Values.isTrue(first) ? first : right.value(scope);
      };
    }
    return value;
  }

  private Expr and() {
    Expr value = not();
    while (tokens.skip("and")) {
      Expr left = value;
      Expr right = not();
      value = scope -> {
        Object first = left.value(scope);
        return Values.isTrue(first) ? right.value(scope) : first;
      };
    }
    return value;
  }

  private Expr not() {
    if (!tokens.skip("not")) {
      return compare();
    }
    tokens.enter();
    Expr operand = not();
    tokens.leave();
    return scope -> !operand.isTrue(scope);
  }

  /** {@code a < b <= c}: true if each pair of neighbours is. */
  private Expr compare() {
    Expr first = arithmetic(0);
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      boolean negated = tokens.at("not") && tokens.look().describe().equals("in");
      if (negated) {
        tokens.next();
      } else if (!tokens.at("in", "==", "!=", "<", "<=", ">", ">=")) {
        break;
      }
      operators.add((negated ? "not " : "") + tokens.next().text());
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
    while (tokens.at(ARITHMETIC.get(level))) {
      String operator = tokens.next().text();
      Expr left = value;
      Expr right = arithmetic(level + 1);
      value = operator.equals("+") ? scope -> Operators.add(left.marked(scope), right.marked(scope))
          : scope -> Operators.apply(operator, left.value(scope), right.value(scope));
    }
    return value;
  }

  private Expr unary() {
    if (!tokens.at("-", "+")) {
      return postfix(primary());
    }
    tokens.enter();
    String sign = tokens.next().text();
    Expr operand = unary();
    tokens.leave();
    return postfix(scope -> Operators.sign(sign, operand.value(scope)));
  }

  private Expr primary() {
    Token token = tokens.next();
    switch (token.type()) {
    case NUMBER:
      return scope -> token.value();
    case STRING:
      StringBuilder text = new StringBuilder(token.text());
      while (tokens.at(TokenType.STRING)) {
        text.append(tokens.next().text());
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
        tokens.enter();
        Expr value = tuple(this::expression, true);
        tokens.leave();
        tokens.expect(")");
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
      tokens.expect(":");
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
    while (!tokens.skip(close)) {
      item.run();
      if (!tokens.at(close)) {
        tokens.expect(",");
      }
    }
  }

  private Expr postfix(Expr start) {
    Expr value = start;
    while (tokens.at(".", "[", "(")) {
      Expr object = value;
      switch (tokens.next().text()) {
      case "(" -> value = new Expr.Call(object, arguments());
      case "[" -> value = subscript(object);
      default -> {
        if (!tokens.at(TokenType.NAME) && !(tokens.current().value() instanceof Long)) {
          throw tokens.fail("expected name or number");
        }
        Token token = tokens.next();
        value = token.is(TokenType.NAME) ? scope -> Lookup.attribute(object.value(scope), token.text())
            : scope -> Lookup.item(object.value(scope), token.value());
      }
      }
    }
    return value;
  }

  private Expr subscript(Expr object) {
    Expr from = bound(":");
    boolean slice = tokens.skip(":");
    Expr to = slice ? bound(":") : NONE;
    Expr step = tokens.skip(":") ? bound("]") : NONE;
    tokens.expect("]");
    return slice ? scope -> Lookup.slice(object.value(scope), from.value(scope), to.value(scope), step.value(scope))
        : scope -> Lookup.item(object.value(scope), from.value(scope));
  }

  private Expr bound(String end) {
    return tokens.at(end, "]") ? NONE : expression();
  }

  private Expr filters(Expr start) {
    Expr value = start;
    while (true) {
      if (tokens.skip("|")) {
        value = filter(value);
      } else if (tokens.skip("is")) {
        value = test(value);
      } else if (tokens.skip("(")) {
        value = new Expr.Call(value, arguments());
      } else {
        return value;
      }
    }
  }

  /** {@code input} through the filter that follows. */
  Expr filter(Expr input) {
    Builtin filter = known(Filters.ALL, "filter");
    Function<Scope, Args> arguments = tokens.skip("(") ? arguments() : scope -> Args.NONE;
    return scope -> filter.apply(input.value(scope), arguments.apply(scope));
  }

  private Expr test(Expr input) {
    boolean holds = !tokens.skip("not");
    Builtin test = known(Filters.TESTS, "test");
    Function<Scope, Args> arguments = testArguments();
    return scope -> test.apply(input.value(scope), arguments.apply(scope)).equals(holds);
  }

  private Builtin known(Map<String, Builtin> table, String kind) {
    Token token = tokens.expect(TokenType.NAME);
    Builtin found = table.get(token.text());
    if (found == null && !lenient) {
      unknown.add(TemplateException.syntax("No " + kind + " named '" + token.text() + "'.", token.line()));
    }
    return found != null ? found : (self, args) -> {
      throw new TemplateException("No %s named '%s' found.", kind, token.text());
    };
  }

  private Function<Scope, Args> testArguments() {
    if (tokens.skip("(")) {
      return arguments();
    }
    if (tokens.at("is")) {
      throw tokens.fail("You cannot chain multiple tests with is");
    }
    boolean startsValue = switch (tokens.current().type()) {
    case NAME -> !tokens.at("else", "or", "and");
    case STRING, NUMBER -> true;
    default -> tokens.at("[", "{");
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
      if (tokens.skip("*")) {
        valid &= star.isEmpty();
        star.add(expression());
      } else if (tokens.skip("**")) {
        starStar.add(expression());
      } else if (tokens.at(TokenType.NAME) && tokens.look().describe().equals("=")) {
        String name = tokens.next().text();
        tokens.next();
        valid &= named.put(name, expression()) == null;
      } else {
        valid &= star.isEmpty() && named.isEmpty();
        positional.add(expression());
      }
      if (!valid) {
        throw tokens.fail("invalid syntax for function call expression");
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
}
