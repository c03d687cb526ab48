package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.Rows;
import org.coldstart.torch.Torch;
import org.junit.jupiter.api.Test;

/** The noise is even, as wide as the paper says for each row's own length, and seeded. */
class NeftuneTest {

  private static float[] noise(double alpha, long seed, List<Example> rows, int width, int hidden) {
    try (NDManager manager = Torch.newManager()) {
      Torch.seed(seed);
      NDArray zeros = manager.zeros(new Shape(rows.size(), width, hidden));
      return Neftune.noise(alpha, rows).apply(zeros).toFloatArray();
    }
  }

  @Test
  void widthFollowsLengthAndSize() {
    List<Example> rows = List.of(Rows.of(100, 1), Rows.of(25, 2));
    float[] all = noise(5, 1, rows, 100, 64);
    assertWidth(5 / Math.sqrt(100 * 64), Arrays32.part(all, 0, 6400));
    assertWidth(5 / Math.sqrt(25 * 64), Arrays32.part(all, 6400, 6400));
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
    List<Example> rows = List.of(Rows.of(10, 1));
    assertArrayEquals(noise(5, 3, rows, 10, 8), noise(5, 3, rows, 10, 8));
    assertNotEquals(
        Arrays.toString(noise(5, 3, rows, 10, 8)), Arrays.toString(noise(5, 4, rows, 10, 8)));
  }

  @Test
  void alphaZeroChangesNothing() {
    assertArrayEquals(new float[80], noise(0, 1, List.of(Rows.of(10, 1)), 10, 8));
  }
}
