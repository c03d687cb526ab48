package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The factors are those of transformers 5's get_linear/cosine/constant_schedule_with_warmup. */
class LearningRateScheduleTest {

  private static final double[] LINEAR = {
    0, 1 / 3., 2 / 3., 1, 6 / 7., 5 / 7., 4 / 7., 3 / 7., 2 / 7., 1 / 7.
  };

  /** From {@code get_cosine_schedule_with_warmup(optimizer, 3, 10)}. */
  private static final double[] COSINE = {
    0.0,
    0.3333333333333333,
    0.6666666666666666,
    1.0,
    0.9504844339512095,
    0.8117449009293668,
    0.6112604669781572,
    0.38873953302184283,
    0.18825509907063326,
    0.04951556604879048
  };

  @Test
  void linear() {
    assertFactors(LINEAR, LearningRateSchedule.LINEAR);
  }

  @Test
  void cosine() {
    assertFactors(COSINE, LearningRateSchedule.COSINE);
  }

  @Test
  void constantAfterWarmUp() {
    assertFactors(
        new double[] {0, 1 / 3., 2 / 3., 1, 1, 1, 1, 1, 1, 1},
        LearningRateSchedule.CONSTANT_WITH_WARMUP);
  }

  @Test
  void constantKnowsNoWarmUp() {
    assertFactors(new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, LearningRateSchedule.CONSTANT);
  }

  private static void assertFactors(double[] expected, LearningRateSchedule schedule) {
    for (int step = 0; step < expected.length; step++) {
      assertEquals(
          expected[step],
          schedule.factor(step, 3, expected.length),
          1e-12,
          schedule + " at step " + step);
    }
  }

  @Test
  void withoutWarmUpTheFirstStepHasTheFullRate() {
    for (LearningRateSchedule schedule : LearningRateSchedule.values()) {
      assertEquals(1, schedule.factor(0, 0, 10), 0, schedule.name());
    }
  }

  @Test
  void pastTheEndNothingTurnsNegative() {
    assertEquals(0, LearningRateSchedule.LINEAR.factor(12, 3, 10));
    assertEquals(0, LearningRateSchedule.COSINE.factor(10, 3, 10), 1e-12);
  }
}
