package org.coldstart.io.jinja;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Cuts a template into tokens as jinja2's lexer does with {@code trim_blocks} (the newline after a block tag goes) and
 * {@code lstrip_blocks} (spaces before a block tag at the start of a line go).
 */
final class Lexer {
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

  /** Tokens of one tag; it bounds the height of the tree that the parser makes of them. */
  private static final int MAX_TAG_TOKENS = 20_000;

  private static final Pattern RAW = Pattern.compile("[-+]?\\s*raw\\s*(-?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}",
      Pattern.UNICODE_CHARACTER_CLASS);
  private static final String DIGITS = "(?:\\d+_)*+\\d+";
  private static final Pattern TOKEN = Pattern.compile(("(?<float>(?<!\\.)#(?:(?:\\.#)?[eE][+-]?#|\\.#))"
      + "|(?<integer>0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?\\p{XDigit})++" + "|[1-9](?:_?\\d)*+|0(?:_?0)*+)"
      + "|(?<name>[_\\p{javaUnicodeIdentifierStart}]"
      + "[\\p{javaUnicodeIdentifierPart}&&[^\\p{javaIdentifierIgnorable}]]*+)"
      + "|(?<operator>//|\\*\\*|[=!><]=|[-+/*%~\\[\\](){}><=.:|,;])")
    .replace("#", DIGITS));
  private static final Pattern ESCAPE = Pattern
    .compile("\\\\(x\\p{XDigit}{2}|u\\p{XDigit}{4}|U\\p{XDigit}{8}|N\\{[^}]+\\}|[0-7]{1,3}|.)", Pattern.DOTALL);
  private static final Pattern TAG = Pattern.compile("\\{[{%#]");

  private final String source;
  private final int[] newlines;
  private final List<Token> tokens = new ArrayList<>();
  private int position;

  /** Whether the text at {@code position} starts a line: only there are spaces stripped. */
  private boolean lineStart = true;

  Lexer(String source) {
    String unix = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    newlines = IntStream.range(0, unix.length()).filter(i -> unix.charAt(i) == '\n').toArray();
  }

  /** All tokens, {@link TokenType#EOF} last. */
  List<Token> tokens() {
    Matcher tag = TAG.matcher(source);
    while (tag.find(position)) {
      lexTag(tag.start());
    }
    if (position < source.length()) {
      add(TokenType.DATA, source.substring(position), position);
    }
    add(TokenType.EOF, "", source.length());
    return tokens;
  }

  private void lexTag(int tag) {
    char kind = source.charAt(tag + 1);
    String sign = signAt(tag + 2);
    addText(tag, kind, sign);
    Matcher raw = RAW.matcher(source).region(tag + 2, source.length());
    if (kind == '%' && raw.lookingAt()) {
      lexRaw(raw, tag);
      return;
    }
    position = tag + 2 + sign.length();
    if (kind == '#') {
      skipComment(tag);
      return;
    }
    boolean variable = kind == '{';
    add(variable ? TokenType.VARIABLE_BEGIN : TokenType.BLOCK_BEGIN, variable ? "{{" : "{%", tag);
    lexExpression(variable);
  }

  /** The {@code -} or {@code +} of a tag, if there is one. */
  private String signAt(int index) {
    return source.startsWith("-", index) ? "-" : source.startsWith("+", index) ? "+" : "";
  }

  /** Adds the text up to a tag, without the whitespace that the tag takes away. */
  private void addText(int tag, char kind, String sign) {
    String text = source.substring(position, tag);
    int line = text.lastIndexOf('\n') + 1;
    if (sign.equals("-")) {
      text = Texts.strip(text, null, false, true);
    } else if (kind != '{' && sign.isEmpty() && (line > 0 || lineStart)
        && Texts.strip(text.substring(line), null, true, false).isEmpty()) {
      text = text.substring(0, line);
    }
    if (!text.isEmpty()) {
      add(TokenType.DATA, text, position);
    }
  }

  private void lexRaw(Matcher begin, int tag) {
    position = begin.end();
    if (!begin.group(1).isEmpty()) {
      skipSpace();
    }
    lineStart = source.charAt(position - 1) == '\n';
    Matcher end = END_RAW.matcher(source);
    if (!end.find(position)) {
      throw fail("Missing end of raw directive", tag);
    }
    addText(end.start(), '%', end.group(1));
    position = end.end();
    afterTag(end.group(2), true);
  }

  private void skipComment(int tag) {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw fail("Missing end of comment tag", tag);
    }
    String sign = end > position ? signAt(end - 1) : "";
    position = end + 2;
    afterTag(sign, true);
  }

  /** Skips the whitespace after a tag: all of it for {@code -%}}, one newline for {@code %}}. */
  private void afterTag(String sign, boolean trimsNewline) {
    int end = position;
    if (sign.equals("-")) {
      skipSpace();
    } else if (sign.isEmpty() && trimsNewline && source.startsWith("\n", position)) {
      position++;
    }
    lineStart = position > end && source.charAt(position - 1) == '\n';
  }

  private void skipSpace() {
    while (position < source.length() && Texts.isSpace(source.charAt(position))) {
      position++;
    }
  }

  private void lexExpression(boolean variable) {
    Deque<String> open = new ArrayDeque<>();
    int start = tokens.size();
    for (skipSpace(); position < source.length(); skipSpace()) {
      if (open.isEmpty() && lexEnd(variable)) {
        return;
      }
      if (tokens.size() - start > MAX_TAG_TOKENS) {
        throw fail("a tag of more than " + MAX_TAG_TOKENS + " tokens", position);
      }
      char c = source.charAt(position);
      if (c == '"' || c == '\'') {
        lexString(c);
      } else {
        lexToken(open);
      }
    }
  }

  private boolean lexEnd(boolean variable) {
    String end = variable ? "}}" : "%}";
    String sign = variable && signAt(position).equals("+") ? "" : signAt(position);
    if (!source.startsWith(end, position + sign.length())) {
      return false;
    }
    add(variable ? TokenType.VARIABLE_END : TokenType.BLOCK_END, end, position);
    position += sign.length() + 2;
    afterTag(sign, !variable);
    return true;
  }

  private void lexString(char quote) {
    int start = position;
    int end = start + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw unexpectedChar();
    }
    String body = source.substring(start + 1, end);
    String text = ESCAPE.matcher(body).replaceAll(m -> Matcher.quoteReplacement(unescape(m)));
    add(TokenType.STRING, text, start);
    position = end + 1;
  }

  /** What one of Python's escapes stands for; an unknown one stays as it is. */
  private String unescape(MatchResult match) {
    String escape = match.group(1);
    char kind = escape.charAt(0);
    try {
      if (escape.length() > 1 && kind == 'N') {
        return Character.toString(Character.codePointOf(escape.substring(2, escape.length() - 1)));
      }
      if (escape.length() > 1 && "xuU".indexOf(kind) >= 0) {
        return Character.toString(Integer.parseInt(escape.substring(1), 16));
      }
    } catch (IllegalArgumentException unknown) {
      throw fail("no such character: " + match.group(), position);
    }
    if (Character.digit(kind, 8) >= 0) {
      return Character.toString(Integer.parseInt(escape, 8));
    }
    return switch (kind) {
    case '\n' -> "";
    case 'x', 'u', 'U' ->
      throw fail("truncated \\" + kind + "X".repeat(kind == 'x' ? 2 : kind == 'u' ? 4 : 8) + " escape", position);
    case 'N' -> throw fail("malformed \\N character escape", position);
    default -> {
      int simple = "\\'\"abfnrtv".indexOf(kind);
      yield simple < 0 ? match.group() : "\\'\"\7\b\f\n\r\t\13".substring(simple, simple + 1);
    }
    };
  }

  private void lexToken(Deque<String> open) {
    Matcher token = TOKEN.matcher(source);
    token.useTransparentBounds(true).region(position, source.length());
    if (!token.lookingAt()) {
      throw unexpectedChar();
    }
    String text = token.group();
    if (token.group("float") != null) {
      add(TokenType.NUMBER, Double.parseDouble(text.replace("_", "")), position);
    } else if (token.group("integer") != null) {
      add(TokenType.NUMBER, integer(text.replace("_", "")), position);
    } else {
      balance(text, open);
      add(token.group("name") != null ? TokenType.NAME : TokenType.OPERATOR, text, position);
    }
    position = token.end();
  }

  private Object integer(String digits) {
    if (digits.length() > Budget.MAX_DIGITS) {
      throw fail("an integer of more than " + Budget.MAX_DIGITS + " digits", position);
    }
    int prefix = "xob".indexOf(digits.length() < 2 ? '0' : digits.toLowerCase().charAt(1));
    return Operators
      .normal(prefix < 0 ? new BigInteger(digits) : new BigInteger(digits.substring(2), new int[] {16, 8, 2}[prefix]));
  }

  /** Keeps track of open brackets: a {@code }}} within them does not end the tag. */
  private void balance(String operator, Deque<String> open) {
    int opening = "([{".indexOf(operator);
    if (opening >= 0) {
      open.push(")]}".substring(opening, opening + 1));
    } else if (")]}".contains(operator)) {
      String expected = open.poll();
      if (!operator.equals(expected)) {
        String hint = expected == null ? "" : ", expected '" + expected + "'";
        throw fail("unexpected '" + operator + "'" + hint, position);
      }
    }
  }

  private void add(TokenType type, Object value, int start) {
    tokens.add(new Token(type, value, line(start)));
  }

  private TemplateException unexpectedChar() {
    String c = Character.toString(source.codePointAt(position));
    return fail("unexpected char " + Texts.quote(c) + " at " + position, position);
  }

  private TemplateException fail(String message, int index) {
    return TemplateException.syntax(message, line(index));
  }

  /** The line of an index, from 1. */
  private int line(int index) {
    int before = Arrays.binarySearch(newlines, index);
    return 1 + (before < 0 ? -before - 1 : before);
  }
}
