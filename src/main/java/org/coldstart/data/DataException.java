package org.coldstart.data;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.io.rows.RowException;

/** Rows cannot be read or used; the message names the file or the row and what to do. */
public class DataException extends RuntimeException {
  private static final int NAMED = 5;

  /** The number of the row at fault; 0 for none. */
  private final long row;

  private final String reason;

  /** An error with its message. */
  public DataException(String message) {
    this(message, null);
  }

  /** An error with its message and what led to it. */
  public DataException(String message, Throwable cause) {
    super(message, cause);
    this.row = 0;
    this.reason = message;
  }

  /** What is wrong with a row. */
  DataException(long row, String reason, Throwable cause) {
    super("Row " + row + ": " + reason, cause);
    this.row = row;
    this.reason = reason;
  }

  /**
   * What a function makes of each row, on all cores, in the rows' order.
   *
   * @throws DataException naming the first row, in that order, for which the function failed, and the others with the
   * same fault
   */
  static <T> List<T> map(List<DataRow> rows, Function<DataRow, T> function) {
    ConcurrentSkipListMap<Integer, DataException> problems = new ConcurrentSkipListMap<>();
    List<T> results = IntStream.range(0, rows.size()).parallel().mapToObj(i -> {
      try {
        return function.apply(rows.get(i));
      } catch (RuntimeException e) {
        // Of perhaps a million failures, the first one's stack trace is enough.
        boolean first = problems.isEmpty() || i < problems.firstKey();
        problems.put(i, of(rows.get(i).number(), e, first));
        return null;
      }
    }).toList();
    if (!problems.isEmpty()) {
      throw named(List.copyOf(problems.values()), rows.size());
    }
    return results;
  }

  static DataException of(long row, RuntimeException e, boolean withCause) {
    if (e instanceof DataException problem && problem.row == row) {
      return problem;
    }
    return new DataException(row, Objects.requireNonNullElse(e.getMessage(), e.toString()), withCause ? e : null);
  }

  /** What went wrong in a file, or in what took its rows. */
  static DataException of(RowException e) {
    return e.getCause() instanceof DataException known ? known : new DataException(e.getMessage(), e);
  }

  private static DataException named(List<DataException> problems, int rows) {
    DataException first = problems.get(0);
    List<Long> same = problems.stream().filter(p -> p.reason.equals(first.reason)).map(p -> p.row).toList();
    return same.size() == 1 ? first
        : new DataException("%s (%d of %d): %s".formatted(names(same), same.size(), rows, first.reason), first);
  }

  /** {@code Rows 1, 2, 3, 4, 5 …}. */
  static String names(List<Long> rows) {
    return (rows.size() == 1 ? "Row " : "Rows ")
        + rows.stream().limit(NAMED).map(String::valueOf).collect(Collectors.joining(", "))
        + (rows.size() > NAMED ? " …" : "");
  }
}
