package org.coldstart.data;

import java.util.ArrayList;
import java.util.List;

/**
 * Drops or cuts rows that are too long, and refuses a data set in which too many are.
 *
 * @param overlong what becomes of them
 * @param maxShare the greatest share of rows that may be too long, in [0, 1]
 */
record LengthLimit(Truncation overlong, double maxShare) {

  LengthLimit {
    if (!(maxShare >= 0 && maxShare <= 1)) {
      throw new IllegalArgumentException(
          "maxOverlongShare must lie in [0, 1], not " + maxShare + ".");
    }
  }

  /** The examples that stay; {@code all} belongs to {@code rows}, one by one. */
  ExampleSet apply(DataSet rows, List<Example> all, int maxLength) {
    if (maxLength < 2) {
      throw new IllegalArgumentException("maxLength must be at least 2, not " + maxLength + ".");
    }
    List<Example> examples = new ArrayList<>();
    List<Long> tooLong = new ArrayList<>();
    int cut = 0;
    for (int i = 0; i < all.size(); i++) {
      Example example = all.get(i);
      if (example.length() <= maxLength) {
        examples.add(example);
        continue;
      }
      tooLong.add(rows.get(i).number());
      if (overlong == Truncation.CUT && example.truncate(maxLength).keptTokens() > 0) {
        examples.add(example.truncate(maxLength));
        cut++;
      }
    }
    check(tooLong, all, maxLength);
    return new ExampleSet(List.copyOf(examples), tooLong.size() - cut, cut);
  }

  private void check(List<Long> tooLong, List<Example> all, int maxLength) {
    if (tooLong.size() > maxShare * all.size()) {
      throw new DataException(
          "%s (%d of %d) have more than %d tokens; raise maxLength (the longest has %d), or allow it with maxOverlongShare(1)."
              .formatted(
                  RowProblem.names(tooLong),
                  tooLong.size(),
                  all.size(),
                  maxLength,
                  all.stream().mapToInt(Example::length).max().orElse(0)));
    }
  }
}
