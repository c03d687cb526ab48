package org.coldstart.io.jinja;

import static org.coldstart.io.jinja.Token.Type.BLOCK_BEGIN;
import static org.coldstart.io.jinja.Token.Type.BLOCK_END;
import static org.coldstart.io.jinja.Token.Type.DATA;
import static org.coldstart.io.jinja.Token.Type.EOF;
import static org.coldstart.io.jinja.Token.Type.FLOAT;
import static org.coldstart.io.jinja.Token.Type.INTEGER;
import static org.coldstart.io.jinja.Token.Type.NAME;
import static org.coldstart.io.jinja.Token.Type.OPERATOR;
import static org.coldstart.io.jinja.Token.Type.STRING;
import static org.coldstart.io.jinja.Token.Type.VARIABLE_BEGIN;
import static org.coldstart.io.jinja.Token.Type.VARIABLE_END;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens as jinja2's lexer does with {@code trim_blocks} (the newline after a
 * block tag goes) and {@code lstrip_blocks} (blanks before a block tag at the start of a line go).
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",", ";");
  private static final Pattern RAW =
      Pattern.compile("[-+]?\\s*raw\\s*(-?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOATING =
      Pattern.compile(
          "(?:\\d+_)*+\\d+(?:(?:\\.(?:\\d+_)*+\\d+)?[eE][+-]?(?:\\d+_)*+\\d+|\\.(?:\\d+_)*+\\d+)");
  private static final Pattern INTEGRAL =
      Pattern.compile(
          "0[bB](?:_?[01])++|0[oO](?:_?[0-7])++|0[xX](?:_?[0-9a-fA-F])++|[1-9](?:_?\\d)*+|0(?:_?0)*+");

  private final String source;
  private final Limits limits;
  private final List<Token> tokens = new ArrayList<>();
  private int position;
  private int line = 1;
  private int counted;
  private boolean lineStart = true;

  Lexer(String source, Limits limits) {
    String unix = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    this.limits = limits;
  }

  /** All tokens, {@link Token.Type#EOF} last. */
  List<Token> tokens() {
    while (position < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        add(DATA, source.substring(position), position);
        position = source.length();
      } else {
        lexTag(tag);
      }
    }
    add(EOF, "", source.length());
    return tokens;
  }

  private int nextTag() {
    for (int i = source.indexOf('{', position); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private void lexTag(int tag) {
    char kind = source.charAt(tag + 1);
    char sign = signAt(tag + 2);
    addData(strippedBefore(source.substring(position, tag), kind, sign), position);
    Matcher raw = RAW.matcher(source).region(tag + 2, source.length());
    if (kind == '%' && raw.lookingAt()) {
      lexRaw(raw, tag);
      return;
    }
    position = tag + 2 + (sign == 0 ? 0 : 1);
    if (kind == '#') {
      skipComment(tag);
      return;
    }
    boolean variable = kind == '{';
    add(variable ? VARIABLE_BEGIN : BLOCK_BEGIN, variable ? "{{" : "{%", tag);
    lexExpression(variable);
  }

  private char signAt(int index) {
    char c = index < source.length() ? source.charAt(index) : 0;
    return c == '-' || c == '+' ? c : 0;
  }

  /** The text before a tag, without the whitespace that the tag takes away. */
  private String strippedBefore(String text, char kind, char sign) {
    if (sign == '-') {
      return PyText.stripRight(text);
    }
    int lineBegin = text.lastIndexOf('\n') + 1;
    boolean startsLine = lineBegin > 0 || lineStart;
    boolean strips =
        sign != '+' && kind != '{' && startsLine && PyText.isBlank(text.substring(lineBegin));
    return strips ? text.substring(0, lineBegin) : text;
  }

  private void lexRaw(Matcher begin, int tag) {
    position = begin.end();
    if (!begin.group(1).isEmpty()) {
      skipSpace();
    }
    lineStart = source.charAt(position - 1) == '\n';
    Matcher end = END_RAW.matcher(source);
    if (!end.find(position)) {
      throw TemplateException.syntax("Missing end of raw directive", lineAt(tag));
    }
    char sign = end.group(1).isEmpty() ? 0 : end.group(1).charAt(0);
    addData(strippedBefore(source.substring(position, end.start()), '%', sign), position);
    position = end.end();
    afterTag(end.group(2), true);
  }

  private void skipComment(int tag) {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw TemplateException.syntax("Missing end of comment tag", lineAt(tag));
    }
    char sign = end > position ? signAt(end - 1) : 0;
    position = end + 2;
    afterTag(sign == 0 ? "" : String.valueOf(sign), true);
  }

  /**
   * Takes away the whitespace after a tag: all of it for {@code -%}}, one newline for {@code %}}.
   */
  private void afterTag(String sign, boolean trimsNewline) {
    int end = position;
    if (sign.equals("-")) {
      skipSpace();
    } else if (sign.isEmpty()
        && trimsNewline
        && position < source.length()
        && source.charAt(position) == '\n') {
      position++;
    }
    lineStart = position > end && source.charAt(position - 1) == '\n';
  }

  private void skipSpace() {
    while (position < source.length() && PyText.isSpace(source.charAt(position))) {
      position++;
    }
  }

  private void lexExpression(boolean variable) {
    Deque<String> open = new ArrayDeque<>();
    while (true) {
      skipSpace();
      if (position >= source.length()) {
        return;
      }
      if (open.isEmpty() && lexEnd(variable)) {
        return;
      }
      char c = source.charAt(position);
      if (c == '"' || c == '\'') {
        lexString(c);
      } else if (c >= '0' && c <= '9') {
        lexNumber();
      } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(position))) {
        lexName();
      } else {
        lexOperator(open);
      }
    }
  }

  private boolean lexEnd(boolean variable) {
    String end = variable ? "}}" : "%}";
    String sign =
        signAt(position) == 0 || variable && signAt(position) == '+'
            ? ""
            : source.substring(position, position + 1);
    if (!source.startsWith(end, position + sign.length())) {
      return false;
    }
    add(variable ? VARIABLE_END : BLOCK_END, end, position);
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
      throw TemplateException.syntax(
          "unexpected char " + PyText.quote(String.valueOf(quote)) + " at " + start, lineAt(start));
    }
    add(STRING, Escapes.resolve(source.substring(start + 1, end), lineAt(start)), start);
    position = end + 1;
  }

  private void lexNumber() {
    Matcher number = FLOATING.matcher(source).region(position, source.length());
    boolean afterDot = position > 0 && source.charAt(position - 1) == '.';
    if (!afterDot && number.lookingAt()) {
      String digits = number.group().replace("_", "");
      tokens.add(new Token(FLOAT, digits, Double.parseDouble(digits), lineAt(position)));
    } else {
      number = INTEGRAL.matcher(source).region(position, source.length());
      if (!number.lookingAt()) {
        throw TemplateException.syntax(
            "unexpected char "
                + PyText.quote(source.substring(position, position + 1))
                + " at "
                + position,
            lineAt(position));
      }
      tokens.add(
          new Token(
              INTEGER, number.group(), integer(number.group().replace("_", "")), lineAt(position)));
    }
    position = number.end();
  }

  private Object integer(String digits) {
    if (digits.length() > limits.digits()) {
      throw TemplateException.syntax(
          "an integer of more than " + limits.digits() + " digits", lineAt(position));
    }
    int radix =
        digits.length() < 2
            ? 10
            : switch (Character.toLowerCase(digits.charAt(1))) {
              case 'x' -> 16;
              case 'o' -> 8;
              case 'b' -> 2;
              default -> 10;
            };
    return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
  }

  private void lexName() {
    int end = position;
    while (end < source.length() && isNamePart(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    add(NAME, source.substring(position, end), position);
    position = end;
  }

  private static boolean isNamePart(int c) {
    return Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
  }

  private void lexOperator(Deque<String> open) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, position)) {
        balance(operator, open);
        add(OPERATOR, operator, position);
        position += operator.length();
        return;
      }
    }
    String c = new String(Character.toChars(source.codePointAt(position)));
    throw TemplateException.syntax(
        "unexpected char " + PyText.quote(c) + " at " + position, lineAt(position));
  }

  private void balance(String operator, Deque<String> open) {
    switch (operator) {
      case "(" -> open.push(")");
      case "[" -> open.push("]");
      case "{" -> open.push("}");
      case ")", "]", "}" -> {
        if (open.isEmpty()) {
          throw TemplateException.syntax("unexpected '" + operator + "'", lineAt(position));
        }
        String expected = open.pop();
        if (!expected.equals(operator)) {
          throw TemplateException.syntax(
              "unexpected '" + operator + "', expected '" + expected + "'", lineAt(position));
        }
      }
      default -> {}
    }
  }

  private void addData(String text, int start) {
    if (!text.isEmpty()) {
      add(DATA, text, start);
    }
  }

  private void add(Token.Type type, String text, int start) {
    tokens.add(new Token(type, text, lineAt(start)));
  }

  /** The line of an index; asked with growing indices, so that counting stays linear. */
  private int lineAt(int index) {
    if (index < counted) {
      return 1 + (int) source.substring(0, index).chars().filter(c -> c == '\n').count();
    }
    for (; counted < index; counted++) {
      if (source.charAt(counted) == '\n') {
        line++;
      }
    }
    return line;
  }
}
