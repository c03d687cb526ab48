package org.coldstart.evaluate;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.coldstart.generate.Generation;

/**
 * How varied texts are, by their n-grams: every run of n neighbouring tokens.
 *
 * @param n tokens in a run
 * @param ngrams how many runs the texts have, in all
 * @param distinct distinct-n (Li et al., 2016, "A Diversity-Promoting Objective Function for Neural Conversation
 * Models"): different runs over all texts together, divided by the number of runs; 1 where none comes twice, near 0
 * where all texts say the same. (The paper divides by the number of tokens, which is n − 1 more for each text.)
 * @param repetition share of the runs that occur earlier in the same text; 0 for a text that never repeats itself, near
 * 1 for one caught in a loop
 */
public record Diversity(int n, int ngrams, double distinct, double repetition) {

  /**
   * Counts the n-grams of some texts.
   *
   * @param texts token ids; a text shorter than n has no n-gram
   * @param n at least 1
   * @return both shares NaN if no text has an n-gram
   */
  public static Diversity of(List<int[]> texts, int n) {
    if (n < 1) {
      throw new IllegalArgumentException("An n-gram has at least 1 token, not " + n + ".");
    }
    Set<List<Integer>> different = new HashSet<>();
    int ngrams = 0;
    int repeated = 0;
    for (int[] text : texts) {
      Set<List<Integer>> before = new HashSet<>();
      for (int at = 0; at + n <= text.length; at++) {
        List<Integer> ngram = Arrays.stream(text, at, at + n).boxed().toList();
        different.add(ngram);
        repeated += before.add(ngram) ? 0 : 1;
        ngrams++;
      }
    }
    return new Diversity(n, ngrams, different.size() / (double) ngrams, repeated / (double) ngrams);
  }

  /** The n-grams of replies; a token that ended one counts like any other. */
  public static Diversity ofReplies(List<Generation> replies, int n) {
    return of(replies.stream().map(Generation::ids).toList(), n);
  }

  /** Such as {@code distinct-2 0.81, repetition 0.07}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "distinct-%d %.2f, repetition %.2f", n, distinct, repetition);
  }
}
