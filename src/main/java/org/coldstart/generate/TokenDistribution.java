package org.coldstart.generate;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;

/** A distribution over the token that comes next; see {@link Generator#nextTokenProbabilities}. */
public final class TokenDistribution {

  /** A token and its probability. */
  public record Candidate(int id, String token, double probability) {}

  private final float[] probabilities;
  private final Tokenizer tokenizer;

  /** By token id. */
  TokenDistribution(float[] probabilities, Tokenizer tokenizer) {
    this.probabilities = probabilities;
    this.tokenizer = tokenizer;
  }

  /**
   * The probability of a token; 0 for one that the model has no row for yet.
   *
   * @throws IllegalArgumentException if the tokenizer does not know it
   */
  public double probability(String token) {
    return probability(tokenizer.id(token));
  }

  /** The probability of a token by its id, which is not negative; 0 for one that the model has no row for. */
  public double probability(int id) {
    return id < probabilities.length ? probabilities[id] : 0;
  }

  /** The n likeliest tokens, likeliest first. */
  public List<Candidate> top(int n) {
    return IntStream.range(0, probabilities.length)
      .boxed()
      .sorted(Comparator.comparingDouble(id -> -probabilities[id]))
      .limit(n)
      .map(id -> new Candidate(id, tokenizer.decode(id), probabilities[id]))
      .toList();
  }
}
