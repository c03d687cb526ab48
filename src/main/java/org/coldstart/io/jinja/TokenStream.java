package org.coldstart.io.jinja;

import java.util.List;
import org.coldstart.io.jinja.Token.Type;

/**
 * The parser's place in the tokens, with Jinja's messages for what does not fit, and a guard
 * against deep nesting.
 */
final class TokenStream {
  private final List<Token> tokens;
  private final int maxNesting;
  private int position;
  private int nesting;

  TokenStream(List<Token> tokens, int maxNesting) {
    this.tokens = tokens;
    this.maxNesting = maxNesting;
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

  boolean isName(String name) {
    return current().isName(name);
  }

  boolean isOperator(String operator) {
    return current().isOperator(operator);
  }

  boolean skipName(String name) {
    return skip(isName(name));
  }

  boolean skipOperator(String operator) {
    return skip(isOperator(operator));
  }

  private boolean skip(boolean matches) {
    if (matches) {
      next();
    }
    return matches;
  }

  void expectOperator(String operator) {
    expect(isOperator(operator), operator);
  }

  void expectName(String name) {
    expect(isName(name), name);
  }

  Token expect(Type type) {
    return expect(current().is(type), type.description);
  }

  private Token expect(boolean matches, String expected) {
    if (matches) {
      return next();
    }
    if (current().is(Type.EOF)) {
      throw fail("unexpected end of template, expected '" + expected + "'.");
    }
    throw fail("expected token '" + expected + "', got '" + current().describe() + "'");
  }

  /** An error at the current token. */
  TemplateException fail(String message) {
    return TemplateException.syntax(message, current().line());
  }

  /** One level deeper: a parenthesis, an operator's operand, a block. */
  void enter() {
    if (++nesting > maxNesting) {
      throw fail("nested more than " + maxNesting + " levels deep");
    }
  }

  void leave() {
    nesting--;
  }
}
