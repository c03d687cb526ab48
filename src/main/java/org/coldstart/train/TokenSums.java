package org.coldstart.train;

/**
 * Sums over the kept tokens of one or more batches; their means are what a log shows.
 *
 * @param loss sum of the cross-entropies, in nats
 * @param tokens kept tokens
 * @param correct kept tokens that were also the model's likeliest
 * @param entropy sum of the entropies of the model's distributions at these tokens, in nats
 */
record TokenSums(double loss, long tokens, long correct, double entropy) {

  static final TokenSums NONE = new TokenSums(0, 0, 0, 0);

  TokenSums plus(TokenSums other) {
    return new TokenSums(
        loss + other.loss, tokens + other.tokens, correct + other.correct, entropy + other.entropy);
  }

  /** NaN for no tokens, as the other means. */
  double meanLoss() {
    return loss / tokens;
  }

  double meanTokenAccuracy() {
    return (double) correct / tokens;
  }

  double meanEntropy() {
    return entropy / tokens;
  }
}
