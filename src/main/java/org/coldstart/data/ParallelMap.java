package org.coldstart.data;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Applies a function to rows on all cores; of several failures the first row's is told, whichever
 * came first in time.
 */
final class ParallelMap {
  private ParallelMap() {}

  static List<DataRow> apply(List<DataRow> rows, Function<DataRow, DataRow> function) {
    AtomicReferenceArray<RuntimeException> failures = new AtomicReferenceArray<>(rows.size());
    AtomicInteger firstFailure = new AtomicInteger(rows.size());
    DataRow[] results = new DataRow[rows.size()];
    IntStream.range(0, rows.size())
        .parallel()
        .filter(i -> i < firstFailure.get())
        .forEach(
            i -> {
              try {
                results[i] = function.apply(rows.get(i));
                if (results[i] == null) {
                  throw new DataException("the function returned null; to drop rows, use filter");
                }
              } catch (RuntimeException e) {
                failures.set(i, e);
                firstFailure.accumulateAndGet(i, Math::min);
              }
            });
    int failed = firstFailure.get();
    if (failed < rows.size()) {
      throw failure(rows.get(failed), failures.get(failed));
    }
    return List.of(results);
  }

  private static DataException failure(DataRow row, RuntimeException cause) {
    String prefix = "Row " + row.number();
    String message = String.valueOf(cause.getMessage() == null ? cause : cause.getMessage());
    return new DataException(
        message.startsWith(prefix + " ") ? message : prefix + ": " + message, cause);
  }
}
