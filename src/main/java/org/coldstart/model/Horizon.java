package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import org.coldstart.checkpoint.AttentionConfig;
import org.coldstart.checkpoint.LayerType;
import org.coldstart.checkpoint.RopeParameters;

/**
 * How the layers of one kind look at a row: by which rotary angles, and how far back.
 *
 * @param rotary the angles
 * @param window how many positions, itself included, a position sees
 * @param masked whether a mask is needed even where torch could see to causality itself
 */
record Horizon(RotaryEmbedding rotary, int window, boolean masked) {

  /** One for each kind of layer that there is. */
  static Map<LayerType, Horizon> all(NDManager manager, AttentionConfig config) {
    Map<RopeParameters, RotaryEmbedding> rotaries = new HashMap<>();
    Map<LayerType, Horizon> horizons = new EnumMap<>(LayerType.class);
    for (LayerType type : EnumSet.copyOf(config.layerTypes())) {
      RotaryEmbedding rotary =
          rotaries.computeIfAbsent(
              config.ropes().get(type),
              rope -> new RotaryEmbedding(manager, rope, config.headDim()));
      int window = type == LayerType.SLIDING_ATTENTION ? config.slidingWindow() : Integer.MAX_VALUE;
      horizons.put(type, new Horizon(rotary, window, config.scoreSoftcap() != null));
    }
    return horizons;
  }

  /** For whole rows of {@code time} positions, each seeing those up to itself. */
  Sight overRows(NDManager out, int time) {
    boolean all = window >= time && !masked;
    return new Sight(
        rotary.cos(out, 0, time),
        rotary.sin(out, 0, time),
        all ? null : KvCache.mask(out, new int[] {0}, 0, time, window),
        true);
  }

  /** For the next {@code time} positions of a cache's rows. */
  Sight after(KvCache cache, NDManager out, int time) {
    NDArray positions = out.create(cache.positions(time));
    int greatest = cache.length() + time;
    NDArray cos = rotary.cosAt(out, positions, greatest);
    NDArray sin = rotary.sinAt(out, positions, greatest);
    long size = cos.getShape().get(1);
    return new Sight(
        cos.reshape(cache.batchSize(), 1, time, size),
        sin.reshape(cache.batchSize(), 1, time, size),
        cache.mask(out, time, window),
        false);
  }
}
