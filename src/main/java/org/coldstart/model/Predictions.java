package org.coldstart.model;

import java.util.Arrays;

/**
 * How a model predicted some labels.
 *
 * @param sums over all of them
 * @param logProbs the log-probability of each
 */
public record Predictions(LossSums sums, float[] logProbs) {

  /** Of nothing. */
  static final Predictions NONE = new Predictions(LossSums.NONE, new float[0]);

  /** These, and then others. */
  Predictions then(Predictions next) {
    float[] all = Arrays.copyOf(logProbs, logProbs.length + next.logProbs.length);
    System.arraycopy(next.logProbs, 0, all, logProbs.length, next.logProbs.length);
    return new Predictions(sums.plus(next.sums), all);
  }
}
