package org.coldstart.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One row of a data set.
 *
 * <p>
 * Values are {@code String}, {@code Long}, {@code Double}, {@code Boolean}, {@code List}, {@code
 * Map} or null; from Parquet also {@code byte[]}.
 *
 * @param number position in the source, from 1: the line in a file of JSON lines, the row in any other; in a data set
 * of several files the count goes on from file to file. It stays with the row through every selection.
 * @param values value of each column, in the source's order
 */
public record DataRow(long number, Map<String, Object> values) {
  public DataRow {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /**
   * The value of a column, possibly null.
   *
   * @throws DataException if the row has no such column
   */
  public Object value(String column) {
    if (!values.containsKey(column)) {
      throw problem("there is no column '%s', only %s.".formatted(column, String.join(", ", values.keySet())));
    }
    return values.get(column);
  }

  /**
   * The text in a column.
   *
   * @throws DataException if the row has no such column or the column holds no text
   */
  public String text(String column) {
    Object value = value(column);
    if (value instanceof String text) {
      return text;
    }
    String found = value == null ? "null" : "a value of type " + value.getClass().getSimpleName();
    throw problem(found + " instead of text in column '" + column + "': filter such rows out, or map it to text.");
  }

  /** What is wrong with this row. */
  DataException problem(String reason) {
    return new DataException(number, reason, null);
  }

  /** The same row with one more column, or with another value in a column it has. */
  public DataRow with(String column, Object value) {
    Map<String, Object> changed = new LinkedHashMap<>(values);
    changed.put(column, value);
    return new DataRow(number, changed);
  }
}
