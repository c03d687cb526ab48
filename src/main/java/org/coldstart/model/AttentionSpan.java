package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * How the layers of one kind look at a row: by which rotary angles, and how far back.
 *
 * @param rotary the angles
 * @param window how many positions, itself included, a position sees
 * @param capped whether scores are capped, which torch's kernels cannot do
 */
record AttentionSpan(RotaryEmbedding rotary, int window, boolean capped) {

  /** One for each kind of layer that there is. */
  static Map<LayerType, AttentionSpan> all(NDManager manager, AttentionConfig config) {
    Map<RopeParameters, RotaryEmbedding> rotaries = new HashMap<>();
    Map<LayerType, AttentionSpan> horizons = new EnumMap<>(LayerType.class);
    for (LayerType type : EnumSet.copyOf(config.layerTypes())) {
      RotaryEmbedding rotary =
          rotaries.computeIfAbsent(
              config.ropes().get(type),
              rope -> new RotaryEmbedding(manager, rope, config.headDim()));
      int window = type == LayerType.SLIDING_ATTENTION ? config.slidingWindow() : Integer.MAX_VALUE;
      horizons.put(type, new AttentionSpan(rotary, window, config.scoreSoftcap() != null));
    }
    return horizons;
  }

  /**
   * For whole rows that stand end to end, each position seeing those of its row up to itself.
   *
   * @param start the position of each row's first token
   */
  AttentionContext overRows(NDManager out, long[] rows, int start, Precision precision) {
    long longest = start + Arrays.stream(rows).max().orElse(0);
    long[] positions =
        Arrays.stream(rows).flatMap(length -> LongStream.range(start, start + length)).toArray();
    return sight(out, positions, (int) longest, precision, null, flash(longest));
  }

  /** Whether the CPU's flash kernel serves for rows of that length. */
  boolean flash(long longest) {
    return window >= longest && !capped && !Torch.device().isGpu();
  }

  /** For the next {@code time} positions of a cache's rows. */
  AttentionContext after(KvCache cache, NDManager out, int time, Precision precision) {
    NDArray mask = time == 1 ? cache.mask(out, window) : cache.mask(out, time, window);
    return sight(out, cache.positions(time), cache.length() + time, precision, mask, false);
  }

  private AttentionContext sight(
      NDManager out,
      long[] positions,
      int greatest,
      Precision precision,
      NDArray mask,
      boolean flash) {
    NDArray at = out.create(positions);
    NDArray cos = typed(rotary.cosAt(out, at, greatest), precision);
    NDArray sin = typed(rotary.sinAt(out, at, greatest), precision);
    return new AttentionContext(cos, sin, TorchOps.negative(sin), mask, window, flash);
  }

  private static NDArray typed(NDArray table, Precision precision) {
    NDArray each = table.expandDims(1);
    return precision == Precision.BF16 ? TorchOps.toBf16(each) : each;
  }
}
