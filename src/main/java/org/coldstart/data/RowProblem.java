package org.coldstart.data;

import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What is wrong with a row; rows with the same fault are named in one message. */
final class RowProblem extends DataException {
  private static final int NAMED = 5;
  private final long row;
  private final String reason;

  RowProblem(long row, String reason, Throwable cause) {
    super("Row " + row + ": " + reason, cause);
    this.row = row;
    this.reason = reason;
  }

  RowProblem(long row, String reason) {
    this(row, reason, null);
  }

  /**
   * What a function makes of each row, on all cores, in the rows' order.
   *
   * @throws DataException naming the first row, in that order, for which the function failed, and the others with the
   * same fault
   */
  static <T> List<T> map(List<DataRow> rows, Function<DataRow, T> function) {
    ConcurrentSkipListMap<Integer, RowProblem> problems = new ConcurrentSkipListMap<>();
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

  private static RowProblem of(long row, RuntimeException e, boolean withCause) {
    if (e instanceof RowProblem problem && problem.row == row) {
      return problem;
    }
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return new RowProblem(row, message, withCause ? e : null);
  }

  private static DataException named(List<RowProblem> problems, int rows) {
    RowProblem first = problems.get(0);
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
