package org.coldstart.train;

/**
 * The learning rate's factor at step s of S, after w steps of warm-up: s / w up to there, then as the kind says. The
 * formulas are those of transformers' {@code get_scheduler}; as there, the first step of a warm-up has the factor 0.
 */
public enum LearningRateSchedule {
  /** Falls to 0 in a straight line: (S − s) / (S − w). */
  LINEAR,
  /** Falls to 0 along half a cosine: (1 + cos(π (s − w) / (S − w))) / 2. */
  COSINE,
  /** 1 from the first step on, without warm-up. */
  CONSTANT,
  /** 1 after the warm-up. */
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
    return switch (this) {
    case LINEAR -> Math.max(0, (totalSteps - step) / span);
    case COSINE -> Math.max(0, (1 + Math.cos(Math.PI * ((step - warmupSteps) / span))) / 2);
    case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
    };
  }
}
