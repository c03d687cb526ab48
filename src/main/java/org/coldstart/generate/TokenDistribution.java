package org.coldstart.generate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;

/** The model's distribution over the token that comes next. */
public final class TokenDistribution {

  /** A token and its probability. */
  public record Candidate(int id, String token, double probability) {}

  private final double[] probabilities;
  private final Tokenizer tokenizer;

  private TokenDistribution(double[] probabilities, Tokenizer tokenizer) {
    this.probabilities = probabilities;
    this.tokenizer = tokenizer;
  }

  /** A distribution worked out elsewhere. */
  static TokenDistribution of(float[] probabilities, Tokenizer tokenizer) {
    double[] values = new double[probabilities.length];
    Arrays.setAll(values, id -> probabilities[id]);
    return new TokenDistribution(values, tokenizer);
  }

  /** The distribution that logits stand for. */
  static TokenDistribution softmax(float[] logits, Tokenizer tokenizer) {
    double greatest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      greatest = Math.max(greatest, logit);
    }
    double[] probabilities = new double[logits.length];
    double sum = 0;
    for (int id = 0; id < logits.length; id++) {
      probabilities[id] = Math.exp(logits[id] - greatest); // no overflow, whatever the logits
      sum += probabilities[id];
    }
    for (int id = 0; id < logits.length; id++) {
      probabilities[id] /= sum;
    }
    return new TokenDistribution(probabilities, tokenizer);
  }

  /**
   * The probability of a token; 0 for one that the model has no row for yet.
   *
   * @throws IllegalArgumentException if the tokenizer does not know it
   */
  public double probability(String token) {
    return probability(tokenizer.id(token));
  }

  /**
   * The probability of a token by its id; 0 for one that the model has no row for.
   *
   * @param id not negative
   */
  public double probability(int id) {
    return id < probabilities.length ? probabilities[id] : 0;
  }

  /** The n likeliest tokens, likeliest first. */
  public List<Candidate> top(int n) {
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.comparingDouble(id -> -probabilities[id]))
        .limit(n)
        .map(id -> new Candidate(id, name(id), probabilities[id]))
        .toList();
  }

  /** A matrix may have more rows than the tokenizer has tokens. */
  private String name(int id) {
    return id < tokenizer.size() ? tokenizer.decode(id) : "[row " + id + "]";
  }
}
