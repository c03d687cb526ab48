package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.coldstart.fixture.Arrays32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * However a weight is shared among the threads, the product is the plain one's. The bound is f32's rounding of sums of
 * 64 products of size one.
 */
class LinearOfFewTest {

  /** Counts on both sides of where the product changes; 66 rows cannot be shared evenly, 3 not at all. */
  @ParameterizedTest
  @CsvSource({"1,64", "2,64", "5,64", "6,64", "31,64", "32,64", "1,66", "5,66", "9,66", "1,3", "9,3"})
  void isThePlainProduct(int n, int out) {
    try (NDManager manager = Torch.newManager()) {
      NDArray x = manager.randomNormal(new Shape(n, 64));
      NDArray weight = manager.randomNormal(new Shape(out, 64));
      NDArray none = manager.create(new Shape(0));
      for (NDArray bias : new NDArray[] {null, manager.randomNormal(new Shape(out))}) {
        float[] plain = DecoderOps.linear(x, weight, bias, false).toFloatArray();
        NDArray some = bias == null ? none : bias;
        assertClose(plain, DecoderOps.linearOfFew(x, weight, none, some));
        for (int parts : new int[] {1, 4}) { // whichever the machine would choose
          assertClose(plain, TorchScript.OPS.call("linear_few", x, weight, none, some, parts));
        }
      }
    }
  }

  private static void assertClose(float[] plain, NDArray few) {
    Arrays32.assertClose(plain, few.toFloatArray(), 1e-4, few.getShape().toString());
  }
}
