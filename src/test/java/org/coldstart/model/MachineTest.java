package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.OptionalLong;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.api.Test;

/** The peak can be set back, so that each of several runs has its own. */
class MachineTest {

  private static final long SIZE = 256L << 20;

  /** Fills a tensor of that many bytes and frees it. */
  private static void need(long bytes) {
    try (NDManager manager = Torch.newManager()) {
      manager.ones(new Shape(bytes / Float.BYTES));
    }
  }

  @Test
  void eachRunHasItsOwnPeak() {
    Machine.threads(); // the library's own memory comes first
    OptionalLong first = Machine.restartPeak();
    assumeTrue(first.isPresent(), "the peak cannot be set back here");
    need(SIZE);
    long large = Machine.peakResidentBytes().getAsLong() - first.getAsLong();
    assertTrue(large > SIZE / 10 * 9, "the first run needed " + (large >> 20) + " MiB");
    long second = Machine.restartPeak().getAsLong();
    need(SIZE / 4);
    long small = Machine.peakResidentBytes().getAsLong() - second;
    assertTrue(small < SIZE / 2, "the second run needed " + (small >> 20) + " MiB");
  }
}
