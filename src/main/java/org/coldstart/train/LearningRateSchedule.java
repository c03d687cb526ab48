package org.coldstart.train;

/**
 * How the learning rate moves over a run: up from 0 during warm-up, then as the kind says.
 *
 * <p>The formulas are transformers' {@code get_scheduler}'s; as there, the first step of a warm-up
 * has rate 0.
 */
public enum LearningRateSchedule {
  /** Down to 0 in a straight line. */
  LINEAR,
  /** Down to 0 along half a cosine. */
  COSINE,
  /** Stays, from the first step: this kind knows no warm-up. */
  CONSTANT,
  /** Stays once the warm-up is over. */
  CONSTANT_WITH_WARMUP;

  /**
   * The factor on the learning rate at a step.
   *
   * @param step 0-based optimizer step
   * @param warmupSteps steps of warm-up, 0 for none
   * @param totalSteps steps of the whole run
   * @return in [0, 1]
   */
  public double factor(int step, int warmupSteps, int totalSteps) {
    if (this != CONSTANT && step < warmupSteps) {
      return (double) step / warmupSteps;
    }
    double span = Math.max(1, totalSteps - warmupSteps);
    double done = (step - warmupSteps) / span;
    return switch (this) {
      case LINEAR -> Math.max(0, (totalSteps - step) / span);
      case COSINE -> Math.max(0, (1 + Math.cos(Math.PI * done)) / 2);
      case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
    };
  }
}
