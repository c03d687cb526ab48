package org.coldstart.data;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A tokenized training row: token ids, and which of them carry loss.
 *
 * @param ids the whole row
 * @param mask {@code mask[t]} is true where the model is to learn to predict token t from those before it
 */
public record Example(int[] ids, boolean[] mask) {

  public Example {
    if (ids.length != mask.length) {
      throw new IllegalArgumentException(
          "An example needs a mask entry for each id, not %d for %d.".formatted(mask.length, ids.length));
    }
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
    return maxLength >= ids.length ? this : new Example(Arrays.copyOf(ids, maxLength), Arrays.copyOf(mask, maxLength));
  }
}
