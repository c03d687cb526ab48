package org.coldstart.io.jinja;

/**
 * A stretch of a text: UTF-16 char indices, {@code start} included, {@code end} excluded.
 *
 * @param start index of the first char
 * @param end index after the last char
 */
public record Span(int start, int end) {
  /** Checks that {@code 0 <= start <= end}. */
  public Span {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("A span needs 0 <= start <= end, got " + start + ".." + end);
    }
  }

  /** The number of chars covered. */
  public int length() {
    return end - start;
  }
}
