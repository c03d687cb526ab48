package org.coldstart.io.rows;

/** A file of rows cannot be read; the message names the file, the line, and the way out. */
public final class RowException extends RuntimeException {
  RowException(String message, Object... values) {
    super(message.formatted(values), cause(values));
  }

  /** As in logging: a throwable behind the values is the cause. */
  private static Throwable cause(Object... values) {
    return values.length > 0 && values[values.length - 1] instanceof Throwable cause ? cause : null;
  }
}
