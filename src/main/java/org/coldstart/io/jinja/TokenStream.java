package org.coldstart.io.jinja;

import java.util.List;

/**
 * A template's tokens and the parser's place in them, with Jinja's messages for what does not fit, and a guard against
 * deep nesting.
 */
final class TokenStream {
  private static final int MAX_NESTING = 100;

  /** The kinds of tokens, with the names that Jinja's messages have for them. */
  enum TokenType {
    DATA("template data / text"), VARIABLE_BEGIN("begin of print statement"), VARIABLE_END("end of print statement"),
    BLOCK_BEGIN("begin of statement block"), BLOCK_END("end of statement block"), NAME("name"), STRING("string"),
    NUMBER("integer"), OPERATOR("operator"), EOF("end of template");

    final String description;

    TokenType(String description) {
      this.description = description;
    }
  }

  /**
   * One token.
   *
   * @param value the text outside tags, a name, an operator, a string with its escapes resolved, or a number
   * @param line the line it starts on, from 1
   */
  record Token(TokenType type, Object value, int line) {
    boolean is(TokenType type) {
      return this.type == type;
    }

    boolean isWord() {
      return type == TokenType.NAME || type == TokenType.OPERATOR;
    }

    String text() {
      return value.toString();
    }

    String describe() {
      return isWord() ? text() : type.description;
    }
  }

  private final List<Token> tokens;
  private int position;
  private int nesting;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  int position() {
    return position;
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
    return current().is(type);
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
