package org.coldstart.train;

import java.util.Arrays;

/**
 * The 256 values q of 8-bit state, relative to their block's maximum, ascending (dynamic tree
 * quantization; Dettmers, 2016): in each of seven powers of ten 2, 4, 8 … evenly spaced values, the
 * most between 0.1 and 1. They are those of bitsandbytes' {@code create_dynamic_map}.
 */
final class DynamicCode {

  private static final int DECADES = 7;
  private static final int SIZE = 256;

  private final float[] values;

  private DynamicCode(boolean signed) {
    double[] all = new double[SIZE];
    int next = 0;
    for (int decade = 0; decade < DECADES; decade++) {
      int parts = 1 << (signed ? decade : decade + 1);
      double scale = Math.pow(10, decade - DECADES + 1);
      for (int part = 0; part < parts; part++) {
        double middle = 0.1 + 0.9 * (part + 0.5) / parts;
        all[next++] = scale * middle;
        if (signed) {
          all[next++] = -scale * middle;
        }
      }
    }
    all[next++] = 0;
    all[next] = 1;
    Arrays.sort(all);
    values = new float[SIZE];
    for (int code = 0; code < SIZE; code++) {
      values[code] = (float) all[code];
    }
  }

  /** For the running mean: values from −0.99 to 1. */
  static DynamicCode signed() {
    return new DynamicCode(true);
  }

  /** For the running square: values from 0 to 1, twice as dense. */
  static DynamicCode unsigned() {
    return new DynamicCode(false);
  }

  /** The values, ascending. */
  float[] values() {
    return values.clone();
  }

  /**
   * By the upper 16 bits of a float, the code nearest to the smallest float with these bits. Codes
   * are so far apart that floats with the same upper bits lie on both sides of at most one border
   * between two codes, so one comparison with it gives any float's nearest code.
   */
  float[] floors() {
    float[] middles = middles();
    float[] floors = new float[1 << 16];
    for (int upper = 0; upper < floors.length; upper++) {
      boolean negative = upper >= 1 << 15;
      float smallest = Float.intBitsToFloat(upper << 16 | (negative ? 0xffff : 0));
      int at = Arrays.binarySearch(middles, smallest);
      floors[upper] = Float.isNaN(smallest) ? 0 : at < 0 ? -at - 1 : at;
    }
    return floors;
  }

  /** By the upper 16 bits of a float, the border between {@link #floors}' code and the next. */
  float[] borders() {
    float[] middles = middles();
    float[] borders = floors();
    for (int upper = 0; upper < borders.length; upper++) {
      borders[upper] = middles[(int) borders[upper]];
    }
    return borders;
  }

  /** Half-way between a code and the next. */
  private float[] middles() {
    float[] middles = new float[SIZE];
    for (int code = 0; code < SIZE - 1; code++) {
      middles[code] = (values[code] + values[code + 1]) / 2;
    }
    middles[SIZE - 1] = Float.POSITIVE_INFINITY;
    return middles;
  }
}
