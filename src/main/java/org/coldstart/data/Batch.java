package org.coldstart.data;

import java.util.Arrays;
import java.util.List;

/**
 * Packed sequences: examples joined without padding, and the positions at which loss is taken.
 *
 * <p>
 * Position t of a sequence predicts its token t + 1, so {@code positions} lists the place before each token that
 * carries loss, and {@code labels} the tokens themselves. No other position needs logits. No sequence attends to
 * another.
 *
 * @param seqLens the number of tokens of each example
 * @param inputIds their ids, one example after the other
 * @param positions indices into {@code inputIds} that predict a label, ascending
 * @param labels the kept tokens, parallel to {@code positions}
 * @param weights of the labels, parallel to them; null where no example has any
 */
public record Batch(long[] seqLens, long[] inputIds, long[] positions, long[] labels, float[] weights) {

  /** Packs examples. */
  public static Batch of(List<Example> examples) {
    return of(examples, 0);
  }

  /**
   * Packs what follows the prefix that the examples share.
   *
   * @param prefix how many tokens of each example are left out, none of which predicts a label
   * @throws IllegalArgumentException if one does
   */
  public static Batch of(List<Example> examples, int prefix) {
    long[] seqLens = examples.stream().mapToLong(example -> example.length() - prefix).toArray();
    long[] inputIds = new long[(int) Arrays.stream(seqLens).sum()];
    int kept = examples.stream().mapToInt(Example::keptTokens).sum();
    long[] positions = new long[kept];
    long[] labels = new long[kept];
    float[] weights = examples.stream().allMatch(example -> example.weights() == null) ? null : new float[kept];
    int at = 0;
    int next = 0;
    for (Example example : examples) {
      for (int t = prefix; t < example.length(); t++, at++) {
        inputIds[at] = example.ids()[t];
        if (t > prefix && example.mask()[t]) {
          positions[next] = at - 1;
          labels[next] = example.ids()[t];
          if (weights != null) {
            weights[next] = example.weights() == null ? 1 : example.weights()[t];
          }
          next++;
        }
      }
    }
    if (next < kept) {
      throw new IllegalArgumentException("Of %d kept tokens, %d are predicted within the shared prefix of %d tokens."
        .formatted(kept, kept - next, prefix));
    }
    return new Batch(seqLens, inputIds, positions, labels, weights);
  }

  /** Tokens that carry loss. */
  public int keptTokens() {
    return labels.length;
  }
}
