package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** The noise is even, as wide as the paper says for each row's own length, and seeded. */
class NeftuneTest {

  private static float[] noise(double alpha, long seed, int hidden, long... rows) {
    try (NDManager manager = Torch.newManager()) {
      Torch.seed(seed);
      NDArray zeros = manager.zeros(new Shape(Arrays.stream(rows).sum(), hidden));
      return TrainingStep.neftune(alpha, rows).apply(zeros).toFloatArray();
    }
  }

  @Test
  void widthFollowsLengthAndSize() {
    float[] all = noise(5, 1, 64, 100, 25);
    assertWidth(5 / Math.sqrt(100 * 64), Arrays32.part(all, 0, 6400));
    assertWidth(5 / Math.sqrt(25 * 64), Arrays32.part(all, 6400, 1600));
  }

  /** An even distribution over ±width has mean 0 and deviation width / √3. */
  private static void assertWidth(double width, float[] values) {
    double mean = 0;
    double largest = 0;
    for (float value : values) {
      mean += value / values.length;
      largest = Math.max(largest, Math.abs(value));
    }
    assertEquals(0, mean, 0.05 * width);
    assertTrue(largest <= width && largest > 0.99 * width, largest + " of " + width);
    double deviation = Arrays32.norm(values) / Math.sqrt(values.length);
    assertEquals(width / Math.sqrt(3), deviation, 0.03 * width);
  }

  @Test
  void theSeedDecides() {
    assertArrayEquals(noise(5, 3, 8, 10), noise(5, 3, 8, 10));
    assertNotEquals(Arrays.toString(noise(5, 3, 8, 10)), Arrays.toString(noise(5, 4, 8, 10)));
  }

  @Test
  void alphaZeroChangesNothing() {
    assertArrayEquals(new float[80], noise(0, 1, 8, 10));
  }

  /** Torch's random numbers are the user's unless noise is asked for. */
  @Test
  void trainingWithoutNoiseLeavesTheGeneratorAlone() {
    try (NDManager manager = Torch.newManager();
        Tokenizer tokenizer = TinyTokenizer.chat();
        CausalLm model = ParityCase.of("llama-untied").model()) {
      Torch.seed(7);
      float[] expected = manager.randomUniform(0, 1, new Shape(4)).toFloatArray();
      Torch.seed(7);
      SftConfig config = SftConfig.builder().maxSteps(2).build();
      new SftTrainer(model, tokenizer, config, Rows.some(4), Rows.some(2)).train();
      assertArrayEquals(expected, manager.randomUniform(0, 1, new Shape(4)).toFloatArray());
    }
  }
}
