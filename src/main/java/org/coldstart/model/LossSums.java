package org.coldstart.model;

/**
 * What some predictions amount to; sums, so that those of several batches add up.
 *
 * @param loss cross-entropies in nats
 * @param correct labels that were the likeliest token
 * @param entropy entropies of the distributions in nats; NaN if not asked for
 * @param tokens how many labels there were
 */
public record LossSums(double loss, long correct, double entropy, long tokens) {

  /** Of nothing. */
  public static final LossSums NONE = new LossSums(0, 0, 0, 0);

  /** Both together. */
  public LossSums plus(LossSums other) {
    return new LossSums(
        loss + other.loss, correct + other.correct, entropy + other.entropy, tokens + other.tokens);
  }

  /** The mean loss of a label. */
  public double meanLoss() {
    return loss / tokens;
  }

  /** The share of labels that were the likeliest token. */
  public double accuracy() {
    return (double) correct / tokens;
  }

  /** The mean entropy in nats. */
  public double meanEntropy() {
    return entropy / tokens;
  }
}
