package org.coldstart.io.torch;

import static org.coldstart.fixture.Arrays32.assertClose;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whichever kernel computes it, attention and its gradients are the same up to rounding. */
class PackedAttentionTest {

  private static final int KEY_VALUE_HEADS = 2;
  private static final int GROUPS = 3;
  private static final int SIZE = 8;
  private static final long[] SEQ_LENS = {5, 1, 11};
  private static final double SCALE = 0.3;

  /** What a GPU does, which has no flash kernel of the CPU's, done on the CPU. */
  @Test
  void withoutTheFlashKernelItIsTheSame() {
    try (NDManager manager = Torch.newManager()) {
      assertSame(attend(manager, 0, 100, true), attend(manager, 0, 100, false), 1e-5);
    }
  }

  /** A window as long as the longest sequence hides nothing; written out, it is the formula. */
  @Test
  void theFormulaWrittenOutIsTheSame() {
    try (NDManager manager = Torch.newManager()) {
      assertSame(attend(manager, 1e6, 11, false), attend(manager, 0, 11, true), 1e-4);
    }
  }

  /** Under a window of one, a position attends to itself alone. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 2})
  void aWindowOfOneGivesTheValues(double cap) {
    try (NDManager manager = Torch.newManager()) {
      NDArray v = values(manager, 2, KEY_VALUE_HEADS);
      NDArray repeated = v.reshape(17, KEY_VALUE_HEADS, 1, SIZE)
        .broadcast(17, KEY_VALUE_HEADS, GROUPS, SIZE)
        .reshape(17, KEY_VALUE_HEADS * GROUPS * SIZE);
      NDArray out = attend(manager, cap, 1, false)[0];
      assertClose(repeated.toFloatArray(), out.toFloatArray(), 1e-6, "cap " + cap);
    }
  }

  private static void assertSame(NDArray[] expected, NDArray[] found, double tolerance) {
    String[] names = {"output", "dq", "dk", "dv"};
    for (int i = 0; i < names.length; i++) {
      assertClose(expected[i].toFloatArray(), found[i].toFloatArray(), tolerance, names[i]);
    }
  }

  /** The output, and the gradients of queries, keys and values. */
  private static NDArray[] attend(NDManager manager, double cap, int window, boolean flash) {
    NDArray q = values(manager, 0, KEY_VALUE_HEADS * GROUPS);
    NDArray k = values(manager, 1, KEY_VALUE_HEADS);
    NDArray v = values(manager, 2, KEY_VALUE_HEADS);
    NDArray dy = values(manager, 3, KEY_VALUE_HEADS * GROUPS);
    PackedAttention packed = new PackedAttention(SEQ_LENS, KEY_VALUE_HEADS, SCALE, cap, window, flash);
    NDArray[] out = DecoderOps.packedAttention(q, k, v, packed);
    NDArray[] d = TrainingOps.packedAttention(dy, q, k, v, out[0], out[1], packed);
    return new NDArray[] {out[0], d[0], d[1], d[2]};
  }

  private static NDArray values(NDManager manager, int seed, int heads) {
    Torch.seed(seed);
    return manager.randomNormal(new Shape(17, (long) heads * SIZE));
  }
}
