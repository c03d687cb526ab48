package org.coldstart.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The two 16-bit floating-point formats, to and from f32. Rounding is to nearest, ties to even; a
 * NaN stays a NaN.
 */
public final class HalfPrecision {
  private static final int F32_INFINITY = 0x7f800000;

  /** f32 bits of 65520, the smallest magnitude that rounds to f16's infinity. */
  private static final int F16_OVERFLOW = 0x477ff000;

  /** f32 bits of 2^-14, the smallest normal f16. */
  private static final int F16_SMALLEST_NORMAL = 0x38800000;

  /** Difference of the exponent biases of f32 and f16, in place. */
  private static final int REBIAS = (127 - 15) << 23;

  private HalfPrecision() {}

  public static float f16ToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) {
      return Float.intBitsToFloat(sign | F32_INFINITY | (magnitude & 0x3ff) << 13);
    }
    if (magnitude >= 0x400) {
      return Float.intBitsToFloat(sign | (magnitude << 13) + REBIAS);
    }
    float subnormal = magnitude * 0x1p-24f;
    return sign == 0 ? subnormal : -subnormal;
  }

  static short floatToF16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > F32_INFINITY) {
      return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
    }
    if (magnitude >= F16_OVERFLOW) {
      return (short) (sign | 0x7c00);
    }
    if (magnitude < F16_SMALLEST_NORMAL) {
      // At 0.5 one unit in the last place of f32 is 2^-24, f16's smallest step: the addition does
      // the rounding.
      float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | Float.floatToRawIntBits(shifted) - Float.floatToRawIntBits(0.5f));
    }
    int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
    return (short) (sign | (rounded - REBIAS) >>> 13);
  }

  static float bf16ToFloat(short brain) {
    return Float.intBitsToFloat(brain << 16);
  }

  static short floatToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > F32_INFINITY) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** Puts all of {@code floats} into {@code into} (little-endian) as F32, BF16 or F16. */
  static void encode(FloatBuffer floats, DType as, ByteBuffer into) {
    into.order(ByteOrder.LITTLE_ENDIAN);
    while (floats.hasRemaining()) {
      switch (as) {
        case F32 -> into.putFloat(floats.get());
        case F16 -> into.putShort(floatToF16(floats.get()));
        case BF16 -> into.putShort(floatToBf16(floats.get()));
        default -> throw new IllegalArgumentException("There is no plain number in " + as + ".");
      }
    }
  }

  /** Turns the first {@code count} little-endian numbers of F32, BF16 or F16 into f32. */
  public static void decode(DType type, byte[] from, int count, float[] into) {
    ByteBuffer bytes = ByteBuffer.wrap(from).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      into[i] =
          switch (type) {
            case F32 -> bytes.getFloat();
            case F16 -> f16ToFloat(bytes.getShort());
            case BF16 -> bf16ToFloat(bytes.getShort());
            default -> throw new IllegalArgumentException("There is no plain number in " + type);
          };
    }
  }
}
