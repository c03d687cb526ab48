package org.coldstart.train;

import java.util.Arrays;
import java.util.stream.IntStream;

/** What a reply's distance from its group's mean reward is divided by; TRL's {@code scale_rewards}. */
public enum ScaleRewards {
  /** The deviation of the group's rewards: hard and easy prompts count the same (Shao et al., 2024). */
  GROUP,
  /** The deviation of all rewards of the step. */
  BATCH,
  /** Nothing (Dr. GRPO, Liu et al., 2025). */
  NONE;

  /** Below this all rewards of a group are the same. */
  private static final double SAME = 1e-8;

  /**
   * The advantages A = (r − mean of the group) / (deviation + 10⁻⁴); exactly 0 where a group's rewards are all the same.
   *
   * @param rewards groups of equal size, one after the other
   */
  public double[] advantages(double[] rewards, int groupSize) {
    double[] advantages = new double[rewards.length];
    for (int from = 0; from < rewards.length; from += groupSize) {
      double[] group = Arrays.copyOfRange(rewards, from, from + groupSize);
      double mean = mean(group);
      double divisor = switch (this) {
      case GROUP -> deviation(group) + 1e-4;
      case BATCH -> deviation(rewards) + 1e-4;
      case NONE -> 1;
      };
      int at = from;
      boolean same = deviation(group) < SAME;
      IntStream.range(0, groupSize).forEach(i -> advantages[at + i] = same ? 0 : (group[i] - mean) / divisor);
    }
    return advantages;
  }

  static double mean(double[] values) {
    return Arrays.stream(values).average().orElse(Double.NaN);
  }

  /** The standard deviation, over n − 1. */
  static double deviation(double[] values) {
    double mean = mean(values);
    return Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1));
  }
}
