package org.coldstart.io.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.coldstart.fixture.Fixtures;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.StoredType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bytes are those of the gguf package (environment/parity/make_quantised.py). */
class QuantizerTest {

  private static final Path TRUTH = Path.of("src/test/resources/org/coldstart/io/gguf/quantised.safetensors");

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0", "Q4_1"})
  void bytesAreThoseOfTheReference(StoredType type) {
    try (SafetensorsFile truth = SafetensorsFile.open(TRUTH)) {
      byte[] expected = new byte[(int) truth.tensor(type.name()).elements()];
      truth.read(type.name(), 0, StoredType.U8, ByteBuffer.wrap(expected));
      float[] values = Fixtures.all(truth, "values");
      assertArrayEquals(expected, encoded(type, values));
    }
  }

  /** Every finite number of F16 is its own rounding, and so is the middle between neighbours: to the even one. */
  @Test
  void sixteenBitsRoundToTheNearest() {
    for (int bits = 0; bits < 0x7c00; bits++) {
      float value = StoredTensor.f16ToFloat((short) bits);
      assertEquals((short) bits, Quantizer.toF16(value));
      assertEquals((short) (bits | 0x8000), Quantizer.toF16(-value));
      if (bits < 0x7bff) {
        float middle = (value + StoredTensor.f16ToFloat((short) (bits + 1))) / 2;
        assertEquals((short) (bits + (bits & 1)), Quantizer.toF16(middle), "middle above " + value);
        assertEquals((short) bits, Quantizer.toF16(Math.nextDown(middle)));
        assertEquals((short) (bits + 1), Quantizer.toF16(Math.nextUp(middle)));
      }
    }
    assertEquals((short) 0x7c00, Quantizer.toF16(65520));
    assertEquals((short) 0x7bff, Quantizer.toF16(65519.99f));
  }

  private static byte[] encoded(StoredType type, float[] values) {
    ByteBuffer out = ByteBuffer.allocate((int) type.bytes(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    Quantizer.encode(type, values, out);
    return out.array();
  }
}
