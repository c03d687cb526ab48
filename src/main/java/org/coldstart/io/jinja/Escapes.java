package org.coldstart.io.jinja;


/**
 * Python's escapes in a string literal: {@code \n}, {@code \x41}, {@code \u00e9}, {@code
 * \N{BULLET}} and so on.
 */
final class Escapes {
  private Escapes() {}

  /**
   * The text a literal stands for; {@code body} is what is between the quotes. An unknown escape
   * stays as it is.
   */
  static String resolve(String body, int line) {
    if (body.indexOf('\\') < 0) {
      return body;
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < body.length(); i++) {
      char c = body.charAt(i);
      if (c == '\\' && i + 1 < body.length()) {
        i = resolveOne(body, i + 1, out, line);
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Resolves the escape whose letter is at {@code i}; returns the index of its last char. */
  private static int resolveOne(String body, int i, StringBuilder out, int line) {
    char c = body.charAt(i);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> out.append(c);
      case 'a' -> out.append('\u0007');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'n' -> out.append('\n');
      case 'r' -> out.append('\r');
      case 't' -> out.append('\t');
      case 'v' -> out.append('\u000b');
      case 'x' -> {
        return hexadecimal(body, i, 2, out, line);
      }
      case 'u' -> {
        return hexadecimal(body, i, 4, out, line);
      }
      case 'U' -> {
        return hexadecimal(body, i, 8, out, line);
      }
      case 'N' -> {
        return named(body, i, out, line);
      }
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        return octal(body, i, out);
      }
      default -> out.append('\\').append(c);
    }
    return i;
  }

  private static int hexadecimal(String body, int i, int digits, StringBuilder out, int line) {
    int code = 0;
    for (int k = 1; k <= digits; k++) {
      int digit = i + k < body.length() ? Character.digit(body.charAt(i + k), 16) : -1;
      if (digit < 0) {
        throw TemplateException.syntax(
            "truncated \\" + body.charAt(i) + "X".repeat(digits) + " escape", line);
      }
      code = code << 4 | digit;
    }
    if (!Character.isValidCodePoint(code)) {
      throw TemplateException.syntax("illegal Unicode character in a string", line);
    }
    out.appendCodePoint(code);
    return i + digits;
  }

  private static int octal(String body, int i, StringBuilder out) {
    int end = i;
    int code = 0;
    while (end < body.length() && end < i + 3 && Character.digit(body.charAt(end), 8) >= 0) {
      code = code * 8 + Character.digit(body.charAt(end++), 8);
    }
    out.append((char) code);
    return end - 1;
  }

  private static int named(String body, int i, StringBuilder out, int line) {
    int close = body.indexOf('}', i);
    if (!body.startsWith("{", i + 1) || close < 0) {
      throw TemplateException.syntax("malformed \\N character escape in a string", line);
    }
    try {
      out.appendCodePoint(Character.codePointOf(body.substring(i + 2, close)));
    } catch (IllegalArgumentException e) {
      throw TemplateException.syntax("unknown Unicode character name in a string", line);
    }
    return close;
  }
}
