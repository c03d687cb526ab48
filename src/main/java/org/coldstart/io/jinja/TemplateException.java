package org.coldstart.io.jinja;

import java.util.OptionalInt;

/**
 * A chat template is not valid, refused the conversation, or went over a limit.
 *
 * <p>
 * When a template calls {@code raise_exception('…')}, the message is exactly that text. Syntax errors start with
 * {@code "line N: "}; other errors have Jinja's own message, and their line is {@link #line()}.
 */
public class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final int line;

  /** An error whose line in the template is not known. */
  public TemplateException(String message) {
    this(message, 0, null);
  }

  TemplateException(String format, Object... values) {
    this(format.formatted(values));
  }

  private TemplateException(String message, int line, Throwable cause) {
    super(message, cause);
    this.line = line;
  }

  /** An error in the template's syntax, found at {@code line} (from 1). */
  static TemplateException syntax(String message, int line) {
    return new TemplateException("line " + line + ": " + message, line, null);
  }

  /** This error, placed at {@code line} (from 1) unless its line is known already. */
  TemplateException at(int line) {
    return this.line > 0 ? this : new TemplateException(getMessage(), line, this);
  }

  /** The template's line, from 1, where the error was found. */
  public OptionalInt line() {
    return line > 0 ? OptionalInt.of(line) : OptionalInt.empty();
  }
}
