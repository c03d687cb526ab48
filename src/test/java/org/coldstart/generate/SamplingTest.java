package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import org.coldstart.io.config.GenerationConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Settings out of range are refused with their name and value. */
class SamplingTest {

  @Test
  void everyRangeIsChecked() {
    assertRefused("temperature", "-0.1", () -> Sampling.temperature(-0.1, 0));
    assertRefused("temperature", "NaN", () -> Sampling.temperature(Double.NaN, 0));
    assertRefused("topK", "-1", () -> Sampling.greedy().withTopK(-1));
    assertRefused("topP", "0.0", () -> Sampling.greedy().withTopP(0));
    assertRefused("topP", "1.5", () -> Sampling.greedy().withTopP(1.5));
    assertRefused("repetitionPenalty", "0.0", () -> Sampling.greedy().withRepetitionPenalty(0));
    assertRefused("range of a repetition penalty", "0", () -> Sampling.greedy().withRepetitionPenalty(1.3, 0));
    assertRefused("repetitionRange", "-1", () -> new Sampling(1, 0, 1, 1.3, -1, 0));
  }

  private static void assertRefused(String name, String value, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(name) && message.contains(value), message);
  }

  @Test
  void aCheckpointsOwnWayIsTaken() {
    JsonObject json = new JsonObject();
    json.addProperty("do_sample", true);
    json.addProperty("temperature", 0.6);
    json.addProperty("top_p", 0.9);
    assertEquals(new Sampling(0.6, 50, 0.9, 1, 0, 4), Sampling.of(GenerationConfig.fromJson(json), 4));
    json.addProperty("do_sample", false);
    json.addProperty("repetition_penalty", 1.2);
    assertEquals(new Sampling(0, 0, 1, 1.2, 0, 4), Sampling.of(GenerationConfig.fromJson(json), 4));
  }

  @Test
  void aCheckpointsWayThatIsNotImplementedIsNamed() {
    JsonObject json = new JsonObject();
    json.addProperty("num_beams", 4);
    GenerationConfig beams = GenerationConfig.fromJson(json);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Sampling.of(beams, 0)).getMessage().contains("num_beams"));
  }

  @Test
  void aChangedSettingLeavesTheOthers() {
    Sampling all = Sampling.temperature(0.7, 9).withTopK(5).withTopP(0.9).withRepetitionPenalty(1.3);
    assertEquals(new Sampling(0.7, 5, 0.9, 1.3, 0, 9), all);
    Sampling recent = all.withRepetitionPenalty(1.1, 10).withSeed(8).withTopK(6).withTopP(0.8);
    assertEquals(new Sampling(0.7, 6, 0.8, 1.1, 10, 8), recent);
    assertEquals(all, recent.withRepetitionPenalty(1.3).withSeed(9).withTopK(5).withTopP(0.9));
  }
}
