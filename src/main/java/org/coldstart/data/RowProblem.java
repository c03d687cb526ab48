package org.coldstart.data;

import java.util.List;
import java.util.stream.Collectors;

/** What is wrong with a row, said so that several rows with the same fault can be told at once. */
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

  /** The first problem, with the numbers of all rows that have the same. */
  static DataException first(List<RowProblem> problems, int rows) {
    RowProblem first = problems.get(0);
    List<Long> same =
        problems.stream().filter(p -> p.reason.equals(first.reason)).map(p -> p.row).toList();
    return same.size() == 1
        ? first
        : new DataException(
            "%s (%d of %d): %s".formatted(names(same), same.size(), rows, first.reason), first);
  }

  /** {@code Rows 1, 2, 3, 4, 5 …}. */
  static String names(List<Long> rows) {
    return (rows.size() == 1 ? "Row " : "Rows ")
        + rows.stream().limit(NAMED).map(String::valueOf).collect(Collectors.joining(", "))
        + (rows.size() > NAMED ? " …" : "");
  }
}
