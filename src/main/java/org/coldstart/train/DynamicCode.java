package org.coldstart.train;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * The 256 values q of 8-bit state, relative to their block's maximum (dynamic tree quantization; Dettmers, 2016): in
 * each of seven powers of ten 2, 4, 8 … evenly spaced values, the most between 0.1 and 1. They are those of
 * bitsandbytes' {@code create_dynamic_map}.
 *
 * @param values q, ascending
 * @param floors by the upper 16 bits of a float, the code nearest to the smallest float with these bits. Codes are so
 * far apart that floats with the same upper bits lie on both sides of at most one border between two codes, so one
 * comparison with it gives any float's nearest code
 * @param borders by the upper 16 bits of a float, the border between that code and the next
 */
record DynamicCode(float[] values, float[] floors, float[] borders) {

  private static final int DECADES = 7;

  /** For the running mean: values from −0.99 to 1. */
  static DynamicCode signed() {
    return of(true);
  }

  /** For the running square: values from 0 to 1, twice as dense. */
  static DynamicCode unsigned() {
    return of(false);
  }

  private static DynamicCode of(boolean signed) {
    DoubleStream.Builder all = DoubleStream.builder().add(0).add(1);
    for (int decade = 0; decade < DECADES; decade++) {
      int parts = 1 << (signed ? decade : decade + 1);
      double scale = Math.pow(10, decade - DECADES + 1);
      for (int part = 0; part < parts; part++) {
        double middle = 0.1 + 0.9 * (part + 0.5) / parts;
        all.add(scale * middle);
        if (signed) {
          all.add(-scale * middle);
        }
      }
    }
    double[] sorted = all.build().sorted().toArray();
    float[] values = new float[sorted.length];
    for (int code = 0; code < values.length; code++) {
      values[code] = (float) sorted[code];
    }
    return withTables(values);
  }

  private static DynamicCode withTables(float[] values) {
    float[] middles = new float[values.length];
    for (int code = 0; code < values.length - 1; code++) {
      middles[code] = (values[code] + values[code + 1]) / 2;
    }
    middles[values.length - 1] = Float.POSITIVE_INFINITY;
    float[] floors = new float[1 << 16];
    float[] borders = new float[1 << 16];
    for (int upper = 0; upper < floors.length; upper++) {
      boolean negative = upper >= 1 << 15;
      float smallest = Float.intBitsToFloat(upper << 16 | (negative ? 0xffff : 0));
      int at = Arrays.binarySearch(middles, smallest);
      int floor = Float.isNaN(smallest) ? 0 : at < 0 ? -at - 1 : at;
      floors[upper] = floor;
      borders[upper] = middles[floor];
    }
    return new DynamicCode(values, floors, borders);
  }
}
