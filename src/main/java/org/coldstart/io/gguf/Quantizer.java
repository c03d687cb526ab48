package org.coldstart.io.gguf;

import java.nio.ByteBuffer;
import java.util.function.DoubleUnaryOperator;
import org.coldstart.io.safetensors.StoredType;

/**
 * Turns f32 into the types of a GGUF file, bit for bit like the reference {@code gguf} Python package; the inverse of
 * {@link Dequantizer}, as far as there is one.
 */
final class Quantizer {
  private static final int BLOCK = 32;

  private Quantizer() {}

  /** Appends values, whole blocks of F32, F16, BF16, Q8_0, Q4_0 or Q4_1, to {@code out}. */
  static void encode(StoredType type, float[] values, ByteBuffer out) {
    for (int at = 0; at < values.length; at += type.blockElements()) {
      switch (type) {
      case F32 -> out.putFloat(values[at]);
      case F16 -> out.putShort(toF16(values[at]));
      case BF16 -> out.putShort(toBf16(values[at]));
      case Q8_0 -> q8(values, at, out);
      case Q4_0 -> q40(values, at, out);
      case Q4_1 -> q41(values, at, out);
      default -> throw new IllegalArgumentException(type + " cannot be written");
      }
    }
  }

  /** A scale d = max|x| / 127, and 32 times x / d, rounded: halves away from zero. */
  private static void q8(float[] x, int at, ByteBuffer out) {
    float d = Math.abs(x[largest(x, at)]) / 127;
    float inverse = inverse(d);
    out.putShort(toF16(d));
    for (int i = at; i < at + BLOCK; i++) {
      float scaled = x[i] * inverse;
      float magnitude = Math.abs(scaled);
      float whole = (float) Math.floor(magnitude);
      float rounded = whole + (float) Math.floor(2 * (magnitude - whole));
      out.put((byte) Math.copySign(rounded, scaled));
    }
  }

  /** A scale d that makes the largest value −8, and 32 times x / d + 8 in four bits. */
  private static void q40(float[] x, int at, ByteBuffer out) {
    float d = x[largest(x, at)] / -8;
    float inverse = inverse(d);
    out.putShort(toF16(d));
    nibbles(x, at, out, value -> (float) value * inverse + 8.5f);
  }

  /** The smallest value m, a scale d of fifteen steps up to the largest, and 32 times (x − m) / d in four bits. */
  private static void q41(float[] x, int at, ByteBuffer out) {
    float min = x[at];
    float max = x[at];
    for (int i = at; i < at + BLOCK; i++) {
      min = Math.min(min, x[i]);
      max = Math.max(max, x[i]);
    }
    float m = min;
    float d = (max - min) / 15;
    float inverse = inverse(d);
    out.putShort(toF16(d)).putShort(toF16(m));
    nibbles(x, at, out, value -> ((float) value - m) * inverse + 0.5f);
  }

  /** 16 bytes: weights 0–15 in the low nibbles, 16–31 in the high ones. */
  private static void nibbles(float[] x, int at, ByteBuffer out, DoubleUnaryOperator level) {
    for (int i = at; i < at + BLOCK / 2; i++) {
      int low = Math.min(15, (int) level.applyAsDouble(x[i]));
      int high = Math.min(15, (int) level.applyAsDouble(x[i + BLOCK / 2]));
      out.put((byte) (low | high << 4));
    }
  }

  /** The index of the first of the values that are farthest from zero. */
  private static int largest(float[] x, int at) {
    int largest = at;
    for (int i = at + 1; i < at + BLOCK; i++) {
      largest = Math.abs(x[i]) > Math.abs(x[largest]) ? i : largest;
    }
    return largest;
  }

  private static float inverse(float d) {
    return d == 0 ? 0 : 1 / d;
  }

  /** Rounded to the nearest, ties to even; a NaN stays one. */
  private static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) (Float.isNaN(value) ? bits >>> 16 | 0x40 : bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** The same in 5 bits of exponent and 10 of fraction; values above 65504 become infinite. */
  static short toF16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7e00);
    }
    if (magnitude >= 65520) { // halfway to what would be the next number
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x1p-14f) { // subnormal: multiples of 2^-24
      return (short) (sign | (int) Math.rint(magnitude * 0x1p24f));
    }
    int rest = (bits & 0x7fffffff) - (127 - 15 << 23); // the exponent's bias is 15 instead of 127
    return (short) (sign | rest + 0xfff + (rest >>> 13 & 1) >>> 13);
  }
}
