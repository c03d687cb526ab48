package org.coldstart.model;

/**
 * What some predictions amount to; sums, so that those of several batches add up.
 *
 * @param loss cross-entropies in nats
 * @param tokens how many labels there were
 * @param correct labels that were the likeliest token
 * @param entropy entropies of the distributions in nats
 */
public record LossSums(double loss, long tokens, long correct, double entropy) {

  /** Of nothing. */
  public static final LossSums NONE = new LossSums(0, 0, 0, 0);

  /** Both together. */
  public LossSums plus(LossSums other) {
    return new LossSums(loss + other.loss, tokens + other.tokens, correct + other.correct, entropy + other.entropy);
  }

  /** The mean loss of a label. */
  public double meanLoss() {
    return loss / tokens;
  }

  /** The share of labels that were the likeliest token. */
  public double meanTokenAccuracy() {
    return (double) correct / tokens;
  }

  /** The mean entropy in nats. */
  public double meanEntropy() {
    return entropy / tokens;
  }
}
