package org.coldstart.data;

import java.util.Arrays;
import java.util.List;

/**
 * Examples end to end, without padding, and the positions at which loss is taken.
 *
 * <p>Position t of a row predicts token t + 1, so {@code positions} lists the places before each
 * token that carries loss, and {@code labels} the tokens themselves. No other position ever needs
 * logits. Rows stay apart: none sees another.
 *
 * @param rows how many tokens there are of each example
 * @param inputIds their ids, row after row
 * @param positions indices into {@code inputIds} that predict a kept token, ascending
 * @param labels the kept tokens, parallel to {@code positions}
 */
public record Batch(long[] rows, long[] inputIds, long[] positions, long[] labels) {

  /** Joins examples. */
  public static Batch of(List<Example> examples) {
    return of(examples, 0);
  }

  /**
   * Joins examples whose first tokens have been read before.
   *
   * @param beginning how many tokens of each row are left out, none of which predicts a kept token
   * @throws IllegalArgumentException if one does
   */
  public static Batch of(List<Example> examples, int beginning) {
    long[] rows = examples.stream().mapToLong(row -> row.length() - beginning).toArray();
    long[] inputIds = new long[(int) Arrays.stream(rows).sum()];
    int kept = examples.stream().mapToInt(Example::keptTokens).sum();
    long[] positions = new long[kept];
    long[] labels = new long[kept];
    int at = 0;
    int next = 0;
    for (Example example : examples) {
      for (int t = beginning; t < example.length(); t++, at++) {
        inputIds[at] = example.ids()[t];
        if (t > beginning && example.mask()[t]) {
          positions[next] = at - 1;
          labels[next++] = example.ids()[t];
        }
      }
    }
    if (next < kept) {
      throw new IllegalArgumentException(
          "Of %d kept tokens, %d are predicted within the first %d tokens, which are left out."
              .formatted(kept, kept - next, beginning));
    }
    return new Batch(rows, inputIds, positions, labels);
  }

  /** Tokens that carry loss. */
  public int keptTokens() {
    return labels.length;
  }
}
