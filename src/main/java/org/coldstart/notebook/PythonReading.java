package org.coldstart.notebook;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What Python's transformers made of a saved model; see {@link PythonReader}.
 *
 * @param versions of {@code python}, {@code torch} and {@code transformers}
 * @param loadingWarnings what transformers reports while loading: weights missing (and so newly initialised),
 * unexpected or of another shape, and any warning; empty if all is as it should be
 * @param ids of each text, as {@code tokenizer(text)} gives them
 * @param decoded the texts of these ids, special tokens included
 * @param decodedWithoutSpecial the same without special tokens
 * @param logits at the prompt's last position, one for each token of the vocabulary
 * @param greedyIds the likeliest continuation, the end token included if one came
 * @param greedyText the same as text, special tokens left out
 */
public record PythonReading(Map<String, String> versions, List<String> loadingWarnings, List<int[]> ids,
    List<String> decoded, List<String> decodedWithoutSpecial, float[] logits, int[] greedyIds, String greedyText) {

  /**
   * How far Python's logits lie from others, at the token where they differ most; infinite if one is not a number.
   *
   * @throws IllegalArgumentException if there are not as many
   */
  public double logitDistance(float[] others) {
    if (others.length != logits.length) {
      throw new IllegalArgumentException("Python gives " + logits.length + " logits, not " + others.length + ".");
    }
    double largest = IntStream.range(0, others.length)
      .mapToDouble(i -> Math.abs((double) logits[i] - others[i]))
      .reduce(0, Math::max); // NaN if one is NaN
    return Double.isNaN(largest) ? Double.POSITIVE_INFINITY : largest;
  }

  /** The versions in a line: {@code python 3.11.2, torch 2.15.0, transformers 5.23.0}. */
  public String versionLine() {
    return String.join(", ", versions.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList());
  }
}
