package org.coldstart.generate;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.api.Test;

/** The distribution drawn from is the one transformers' filters leave, and draws follow it. */
class TokenSamplerTest {

  private static final JsonObject TRUTH = ParityCase.json(ParityCase.RESOURCES.resolve("sampling/truth.json"));
  private static final Sampling PLAIN = Sampling.temperature(1, 0);

  @Test
  void theModelsOwnDistribution() {
    assertDistribution("none", PLAIN);
  }

  @Test
  void repetitionPenalty() {
    assertDistribution("repetition_penalty", PLAIN.withRepetitionPenalty(1.3));
  }

  @Test
  void temperature() {
    assertDistribution("temperature", Sampling.temperature(0.7, 0));
  }

  @Test
  void topK() {
    assertDistribution("top_k", PLAIN.withTopK(5));
  }

  @Test
  void topP() {
    assertDistribution("top_p", PLAIN.withTopP(0.9));
  }

  @Test
  void temperatureBeforeTopP() {
    assertDistribution("temperature_top_p", Sampling.temperature(0.7, 0).withTopP(0.9));
  }

  @Test
  void allInTransformersOrder() {
    assertDistribution("all", Sampling.temperature(0.7, 0).withRepetitionPenalty(1.3).withTopK(5).withTopP(0.9));
  }

  @Test
  void aTinyTopPLeavesTheLikeliest() {
    try (NDManager step = Torch.newManager()) {
      float[] left = new TokenSampler(PLAIN.withTopP(1e-9)).probabilities(logits(step, 1), context(1)).toFloatArray();
      float[] expected = new float[left.length];
      expected[likeliest()] = 1;
      assertArrayEquals(expected, left);
    }
  }

  private static void assertDistribution(String key, Sampling sampling) {
    try (NDManager step = Torch.newManager()) {
      float[] found = new TokenSampler(sampling).probabilities(logits(step, 1), context(1)).toFloatArray();
      assertClose(new Gson().fromJson(TRUTH.get(key), float[].class), found, 1e-6, key);
    }
  }

  @Test
  void greedyTakesTheLikeliestAfterThePenalty() {
    try (NDManager step = Torch.newManager()) {
      assertArrayEquals(new int[] {likeliest()},
          new TokenSampler(Sampling.greedy()).choose(logits(step, 1), context(1)));
      Sampling harsh = Sampling.greedy().withRepetitionPenalty(100);
      assertNotEquals(likeliest(), new TokenSampler(harsh).choose(logits(step, 1), context(1))[0]);
    }
  }

  @Test
  void drawsFollowTheDistributionAndNeverLeaveIt() {
    int rows = 20_000;
    float[] expected = new Gson().fromJson(TRUTH.get("all"), float[].class);
    Sampling sampling = Sampling.temperature(0.7, 11).withRepetitionPenalty(1.3).withTopK(5).withTopP(0.9);
    try (NDManager step = Torch.newManager()) {
      double[] share = new double[expected.length];
      for (int id : new TokenSampler(sampling).choose(logits(step, rows), context(rows))) {
        share[id] += 1.0 / rows;
      }
      for (int id = 0; id < share.length; id++) {
        // Four standard deviations of a share of 20 000 draws; exactly 0 where nothing may be
        // drawn.
        double deviation = Math.sqrt(expected[id] * (1 - expected[id]) / rows);
        assertEquals(expected[id], share[id], 4 * deviation, "share of token " + id);
      }
    }
  }

  @Test
  void aSeedDecidesTheDraws() {
    try (NDManager step = Torch.newManager()) {
      int[] first = new TokenSampler(Sampling.temperature(1, 3)).choose(logits(step, 50), context(50));
      int[] again = new TokenSampler(Sampling.temperature(1, 3)).choose(logits(step, 50), context(50));
      int[] other = new TokenSampler(Sampling.temperature(1, 4)).choose(logits(step, 50), context(50));
      assertArrayEquals(first, again);
      assertNotEquals(Arrays.toString(first), Arrays.toString(other));
    }
  }

  private static int likeliest() {
    float[] plain = new Gson().fromJson(TRUTH.get("none"), float[].class);
    int best = 0;
    for (int id = 0; id < plain.length; id++) {
      best = plain[id] > plain[best] ? id : best;
    }
    return best;
  }

  /** The fixture's logits, once a row. */
  private static NDArray logits(NDManager step, int rows) {
    float[] values = new Gson().fromJson(TRUTH.get("logits"), float[].class);
    float[] repeated = new float[rows * values.length];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(values, 0, repeated, row * values.length, values.length);
    }
    return step.create(repeated, new Shape(rows, values.length));
  }

  private static List<int[]> context(int rows) {
    return Collections.nCopies(rows, ParityCase.ints(TRUTH.get("context")));
  }
}
