package org.coldstart.io.json;

import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.Reader;

/**
 * Passes JSON on and stops where it breaks RFC 8259 in a way that Gson's reader lets pass: capital
 * letters in {@code true}, {@code false} and {@code null}, control characters in strings, the
 * escape {@code \'}. Newer versions of Gson refuse these with {@code Strictness.STRICT}, as well as
 * brackets so deep that reading them would exhaust the stack; 2.8.5 does not.
 */
final class StrictReader extends Reader {
  private static final int MAX_DEPTH = 255;

  private final Reader text;
  private boolean inString;
  private boolean escaped;
  private int depth;
  private char previous;
  private String fault;

  StrictReader(Reader text) {
    this.text = text;
  }

  /**
   * Hands out what precedes a fault first, so that the JSON reader knows where it is when the fault
   * is thrown.
   */
  @Override
  public int read(char[] buffer, int offset, int length) throws IOException {
    int count = fault == null ? text.read(buffer, offset, length) : 0;
    int good = 0;
    while (fault == null && good < count) {
      fault = fault(buffer[offset + good]);
      good += fault == null ? 1 : 0;
    }
    if (fault != null && good == 0) {
      throw new MalformedJsonException(fault);
    }
    return count < 0 ? count : good;
  }

  private String fault(char c) {
    if (inString) {
      return faultInString(c);
    }
    boolean exponent = c == 'E' && previous >= '0' && previous <= '9';
    previous = c;
    inString = c == '"';
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (depth > MAX_DEPTH) {
      return "more than " + MAX_DEPTH + " brackets within each other";
    }
    return c >= 'A' && c <= 'Z' && !exponent ? "a capital letter " + c + " outside a string" : null;
  }

  private String faultInString(char c) {
    if (c < ' ') {
      return "a line break or other control character within a string";
    }
    if (escaped && c == '\'') {
      return "the unknown escape \\'";
    }
    inString = escaped || c != '"';
    escaped = !escaped && c == '\\';
    return null;
  }

  @Override
  public void close() throws IOException {
    text.close();
  }
}
