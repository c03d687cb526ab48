package org.coldstart.data;

import java.util.Arrays;
import java.util.List;

/**
 * Examples side by side, padded on the right, and the positions at which loss is taken.
 *
 * <p>Position t of a row predicts token t + 1, so {@code positions} lists, in the flattened (rows ×
 * width) batch, the places before each token that carries loss, and {@code labels} the tokens
 * themselves. No other position ever needs logits.
 *
 * @param rows examples in the batch
 * @param width tokens of the longest example
 * @param inputIds ids, row after row, padded; length rows · width
 * @param positions flattened positions that predict a kept token, ascending
 * @param labels the kept tokens, parallel to {@code positions}
 */
public record Batch(int rows, int width, long[] inputIds, long[] positions, long[] labels) {

  /**
   * Pads and joins examples.
   *
   * @param padId fills rows up to the longest; never carries loss, whatever token it is
   */
  public static Batch of(List<Example> examples, int padId) {
    int width = examples.stream().mapToInt(Example::length).max().orElse(0);
    int kept = examples.stream().mapToInt(Example::keptTokens).sum();
    long[] inputIds = new long[examples.size() * width];
    Arrays.fill(inputIds, padId);
    long[] positions = new long[kept];
    long[] labels = new long[kept];
    int next = 0;
    for (int row = 0; row < examples.size(); row++) {
      Example example = examples.get(row);
      for (int t = 0; t < example.length(); t++) {
        inputIds[row * width + t] = example.ids()[t];
        if (t > 0 && example.mask()[t]) {
          positions[next] = (long) row * width + t - 1;
          labels[next++] = example.ids()[t];
        }
      }
    }
    return new Batch(examples.size(), width, inputIds, positions, labels);
  }

  /** Tokens that carry loss. */
  public int keptTokens() {
    return labels.length;
  }
}
