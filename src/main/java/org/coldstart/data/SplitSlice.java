package org.coldstart.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A split and a range of its rows, as Python's datasets write them: {@code train}, {@code
 * train[:100]}, {@code train[10:20]}, {@code train[-100:]}, {@code train[:10%]}. Percentages are
 * rounded to the closest row.
 *
 * @param name name of the split
 * @param from first row, from the end if negative; null: the first
 * @param to row after the last, from the end if negative; null: all
 * @param percent true: both in percent of the rows
 */
record SplitSlice(String name, Integer from, Integer to, boolean percent) {
  private static final Pattern FORM =
      Pattern.compile("(\\w+(?:\\.\\w+)*)(?:\\[(?:(-?[\\d_]+)(%)?)?:(?:(-?[\\d_]+)(%)?)?])?");

  static SplitSlice parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      throw new DataException(
          "'"
              + text
              + "' is not a split: write train, train[:100], train[10:20], train[-100:] or"
              + " train[:10%].");
    }
    boolean percent = matcher.group(3) != null || matcher.group(5) != null;
    SplitSlice slice =
        new SplitSlice(
            matcher.group(1), number(matcher.group(2)), number(matcher.group(4)), percent);
    if (percent && (outside(slice.from) || outside(slice.to))) {
      throw new DataException("'" + text + "' is not a split: percentages go from -100% to 100%.");
    }
    return slice;
  }

  /** How many rows have to be read at most. */
  long limit() {
    return to == null || percent || to < 0 || from != null && from < 0 ? Long.MAX_VALUE : to;
  }

  /** The range of a split that has been read. */
  DataSet of(DataSet rows) {
    int first = index(from, 0, rows.size());
    return rows.select(first, Math.max(first, index(to, rows.size(), rows.size())));
  }

  private int index(Integer boundary, int otherwise, int size) {
    if (boundary == null) {
      return otherwise;
    }
    // Python rounds half to even
    int index = percent ? (int) Math.rint(boundary * (double) size / 100) : boundary;
    return Math.min(index < 0 ? Math.max(size + index, 0) : index, size);
  }

  private static Integer number(String digits) {
    try {
      return digits == null ? null : Integer.valueOf(digits.replace("_", ""));
    } catch (NumberFormatException e) {
      throw new DataException("'" + digits + "' is too large a number of rows.", e);
    }
  }

  private static boolean outside(Integer percentage) {
    return percentage != null && Math.abs(percentage) > 100;
  }
}
