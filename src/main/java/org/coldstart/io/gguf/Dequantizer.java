package org.coldstart.io.gguf;

import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.StoredType;

/**
 * Turns ggml's quantised blocks into f32, block by block and bit for bit like the reference {@code
 * gguf} Python package.
 *
 * <p>
 * A block holds 32 weights ("legacy" types) or 256 (K types) as small integers, with a scale {@code d} and, in some, a
 * minimum {@code m}: a weight is {@code d·q}, {@code d·q + m} or, in K types, {@code d·q − m} with 6-bit scales per
 * group.
 */
final class Dequantizer {
  private Dequantizer() {}

  /**
   * Reads {@code blocks} blocks of any readable type from the start of {@code in} to the start of {@code out}. Adding
   * -0 changes no float.
   */
  static void decode(StoredType type, byte[] in, int blocks, float[] out) {
    if (!type.quantized()) {
      StoredTensor.decodePlain(type, in, blocks, out);
      return;
    }
    for (int block = 0; block < blocks; block++) {
      int at = block * type.blockBytes();
      int to = block * type.blockElements();
      switch (type) {
      case Q4_0 -> legacy(in, at + 2, 0, f16(in, at), -8, -0f, out, to);
      case Q4_1 -> legacy(in, at + 4, 0, f16(in, at), 0, f16(in, at + 2), out, to);
      case Q5_0 -> legacy(in, at + 6, i32(in, at + 2), f16(in, at), -16, -0f, out, to);
      case Q5_1 -> legacy(in, at + 8, i32(in, at + 4), f16(in, at), 0, f16(in, at + 2), out, to);
      case Q8_0 -> q8(in, at, out, to);
      case Q4_K -> q45k(in, at, false, out, to);
      case Q5_K -> q45k(in, at, true, out, to);
      case Q6_K -> q6k(in, at, out, to);
      default -> throw new IllegalArgumentException(type + " cannot be read");
      }
    }
  }

  private static float f16(byte[] in, int at) {
    return StoredTensor.f16ToFloat((short) (in[at] & 0xff | in[at + 1] << 8));
  }

  /** 16 bytes: low nibbles are weights 0–15, high nibbles 16–31; {@code fifth} has their bits. */
  private static void legacy(byte[] in, int at, int fifth, float scale, int shift, float minimum, float[] out, int to) {
    for (int i = 0; i < 16; i++) {
      int low = in[at + i] & 15 | (fifth >>> i & 1) << 4;
      int high = in[at + i] >> 4 & 15 | (fifth >>> i + 16 & 1) << 4;
      out[to + i] = scale * (low + shift) + minimum;
      out[to + 16 + i] = scale * (high + shift) + minimum;
    }
  }

  private static int i32(byte[] in, int at) {
    return in[at] & 0xff | (in[at + 1] & 0xff) << 8 | (in[at + 2] & 0xff) << 16 | in[at + 3] << 24;
  }

  private static void q8(byte[] in, int at, float[] out, int to) {
    float scale = f16(in, at);
    for (int i = 0; i < 32; i++) {
      out[to + i] = scale * in[at + 2 + i];
    }
  }

  /**
   * d, dmin, 12 bytes of scales, in Q5_K 32 bytes of fifth bits (bit {@code g} of byte {@code i} for group g), 128
   * bytes of nibbles: 64 weights share 32 bytes, low nibbles first.
   */
  private static void q45k(byte[] in, int at, boolean five, float[] out, int to) {
    float d = f16(in, at);
    float dmin = f16(in, at + 2);
    for (int group = 0; group < 8; group++) {
      float scale = d * groupScale(in, at + 4, group);
      float minimum = dmin * groupMinimum(in, at + 4, group);
      int nibbles = at + (five ? 48 : 16) + (group >> 1) * 32;
      int shift = (group & 1) * 4;
      for (int i = 0; i < 32; i++) {
        int fifth = five ? in[at + 16 + i] >> group & 1 : 0;
        out[to + group * 32 + i] = scale * (in[nibbles + i] >> shift & 15 | fifth << 4) - minimum;
      }
    }
  }

  /**
   * The 6-bit scale of a group of 32: low six bits in place for groups 0–3, split over two bytes for 4–7.
   */
  private static int groupScale(byte[] in, int at, int group) {
    if (group < 4) {
      return in[at + group] & 63;
    }
    return in[at + group + 4] & 15 | (in[at + group - 4] & 0xc0) >> 2;
  }

  private static int groupMinimum(byte[] in, int at, int group) {
    if (group < 4) {
      return in[at + group + 4] & 63;
    }
    return in[at + group + 4] >> 4 & 15 | (in[at + group] & 0xc0) >> 2;
  }

  /**
   * 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed scales, d. Halves of 128 weights in four rows.
   */
  private static void q6k(byte[] in, int at, float[] out, int to) {
    float d = f16(in, at + 208);
    for (int row = 0; row < 8; row++) {
      int half = row >> 2;
      int low = at + half * 64 + (row & 1) * 32;
      int lowShift = (row & 2) * 2;
      int high = at + 128 + half * 32;
      int highShift = (row & 3) * 2;
      for (int i = 0; i < 32; i++) {
        float scale = d * in[at + 192 + row * 2 + (i >> 4)];
        int q = in[low + i] >> lowShift & 15 | (in[high + i] >> highShift & 3) << 4;
        out[to + row * 32 + i] = scale * (q - 32);
      }
    }
  }
}
