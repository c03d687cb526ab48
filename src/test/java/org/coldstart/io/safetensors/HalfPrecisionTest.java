package org.coldstart.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import org.coldstart.fixture.Fixtures;
import org.junit.jupiter.api.Test;

/**
 * Against torch's conversions: random bit patterns, ties, subnormals, overflow, infinities and NaNs
 * of both signs.
 */
class HalfPrecisionTest {
  @Test
  void roundsLikeTorch() {
    try (SafetensorsFile file = SafetensorsFile.open(Fixtures.path("halves.safetensors"))) {
      float[] values = Fixtures.all(file, "values");
      float[] f16 = Fixtures.all(file, "f16");
      float[] bf16 = Fixtures.all(file, "bf16");
      assertEquals(1086, values.length);
      for (int i = 0; i < values.length; i++) {
        String at = "value " + i + ": " + Integer.toHexString(Float.floatToRawIntBits(values[i]));
        assertSame(f16[i], HalfPrecision.f16ToFloat(HalfPrecision.floatToF16(values[i])), at);
        assertSame(bf16[i], HalfPrecision.bf16ToFloat(HalfPrecision.floatToBf16(values[i])), at);
      }
    }
  }

  /** Equal to the bit, except that any NaN is as good as another. */
  private static void assertSame(float expected, float actual, String at) {
    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(actual), at);
  }

  @Test
  void readsF16LikeTorch() throws Exception {
    byte[] bytes = Files.readAllBytes(Fixtures.path("every_f16.f32"));
    float[] expected = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
    try (SafetensorsFile file = SafetensorsFile.open(Fixtures.path("halves.safetensors"))) {
      assertArrayEquals(expected, Fixtures.all(file, "every_f16"));
    }
  }

  @Test
  void everyHalfSurvivesTheWayThroughF32() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float f16 = HalfPrecision.f16ToFloat((short) bits);
      float bf16 = HalfPrecision.bf16ToFloat((short) bits);
      if (Float.isNaN(f16)) {
        assertTrue(Float.isNaN(HalfPrecision.f16ToFloat(HalfPrecision.floatToF16(f16))));
      } else {
        assertEquals((short) bits, HalfPrecision.floatToF16(f16));
      }
      if (!Float.isNaN(bf16)) {
        assertEquals((short) bits, HalfPrecision.floatToBf16(bf16));
      }
    }
  }

  @Test
  void nanNeverBecomesInfinity() {
    for (int bits : new int[] {0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7f80ffff}) {
      float nan = Float.intBitsToFloat(bits);
      assertTrue(Float.isNaN(HalfPrecision.f16ToFloat(HalfPrecision.floatToF16(nan))));
      assertTrue(Float.isNaN(HalfPrecision.bf16ToFloat(HalfPrecision.floatToBf16(nan))));
    }
  }
}
