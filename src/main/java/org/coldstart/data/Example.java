package org.coldstart.data;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A tokenized training row: token ids, and which of them carry loss.
 *
 * <p>
 * The loss of a row is Σ w · −log p over its kept tokens. Above 0, a weight w makes its token likelier, below 0 less
 * likely: SFT weighs all by 1, rejection sampling replies by 1 or 0, DPO and GRPO by how much a reply is better or
 * worse than another.
 *
 * @param ids the whole row
 * @param mask {@code mask[t]} is true where the model is to learn to predict token t from those before it
 * @param weights {@code weights[t]} is the weight of token t where the mask is true; null for 1 everywhere
 */
public record Example(int[] ids, boolean[] mask, float[] weights) {

  public Example {
    if (ids.length != mask.length) {
      throw new IllegalArgumentException(
          "An example needs a mask entry for each id, not %d for %d.".formatted(mask.length, ids.length));
    }
    if (weights != null && ids.length != weights.length) {
      throw new IllegalArgumentException(
          "An example needs a weight for each id, not %d for %d.".formatted(weights.length, ids.length));
    }
  }

  /** A row whose kept tokens all weigh 1. */
  public Example(int[] ids, boolean[] mask) {
    this(ids, mask, null);
  }

  /** The same row with a weight for each token. */
  public Example withWeights(float[] values) {
    return new Example(ids, mask, values);
  }

  /** The same row with one weight for all tokens. */
  public Example withWeight(double weight) {
    float[] values = new float[ids.length];
    Arrays.fill(values, (float) weight);
    return withWeights(values);
  }

  /** The number of tokens. */
  public int length() {
    return ids.length;
  }

  /** The number of tokens that carry loss; the first never does, for nothing comes before it. */
  public int keptTokens() {
    int kept = 0;
    for (int t = 1; t < mask.length; t++) {
      kept += mask[t] ? 1 : 0;
    }
    return kept;
  }

  /** The kept tokens with another weight than 0. */
  public int weighedTokens() {
    return weights == null ? keptTokens()
        : (int) IntStream.range(1, ids.length).filter(t -> mask[t] && weights[t] != 0).count();
  }

  /** The tokens that carry loss, in order. */
  public int[] keptIds() {
    return IntStream.range(1, ids.length).filter(t -> mask[t]).map(t -> ids[t]).toArray();
  }

  /** The tokens before the first position that predicts a kept token: all but one if none does. */
  public int[] context() {
    int first = IntStream.range(1, ids.length).filter(t -> mask[t]).findFirst().orElse(ids.length);
    return Arrays.copyOf(ids, Math.max(0, first - 1));
  }

  /** The first tokens; the example itself if it has no more. */
  public Example truncate(int maxLength) {
    return maxLength >= ids.length ? this
        : new Example(Arrays.copyOf(ids, maxLength), Arrays.copyOf(mask, maxLength),
            weights == null ? null : Arrays.copyOf(weights, maxLength));
  }
}
