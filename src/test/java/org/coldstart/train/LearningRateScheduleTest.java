package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.fixture.ParityCase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The factors are those of transformers' get_scheduler, two steps past the end included. */
class LearningRateScheduleTest {

  record Case(LearningRateSchedule schedule, int warmup, int steps, double[] factors) {
    static Case of(String key, double[] factors) {
      String[] parts = key.split(" ");
      return new Case(LearningRateSchedule.valueOf(parts[0].toUpperCase(Locale.ROOT)), Integer.parseInt(parts[1]),
          Integer.parseInt(parts[2]), factors);
    }
  }

  static Stream<Case> cases() {
    return ParityCase.json(ParityCase.RESOURCES.resolve("training/truth.json"))
      .getAsJsonObject("schedules")
      .entrySet()
      .stream()
      .map((Map.Entry<String, com.google.gson.JsonElement> e) -> Case.of(e.getKey(), ParityCase.doubles(e.getValue())));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void factorsAreTransformers(Case truth) {
    for (int step = 0; step < truth.factors().length; step++) {
      double factor = truth.schedule().factor(step, truth.warmup(), truth.steps());
      assertEquals(truth.factors()[step], factor, 1e-8, truth + " at step " + step);
    }
  }

  @Test
  void warmUpStepsGoBeforeTheRatio() {
    SftConfig.Builder config = SftConfig.builder().warmupRatio(0.1);
    assertEquals(3, config.build().warmupSteps(21), "rounded up");
    assertEquals(7, config.warmupSteps(7).build().warmupSteps(21));
  }
}
