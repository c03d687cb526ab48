package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.torch.TorchOps;

/**
 * What the layers of one kind attend to: by which rotary angles, and how far back.
 *
 * @param window how many positions, itself included, a position attends to
 */
record AttentionSpan(RotaryEmbedding rotary, int window) {

  /**
   * The positions of a pass's tokens, and what each attends to, in layers of one kind.
   *
   * @param cos cosines of each position's angles, shape (n, 1, head size), in the type of activations; sin alike
   * @param mask with a cache: added to the attention scores; null if nothing is masked
   * @param window how many positions, itself included, a position attends to
   */
  record AttentionContext(NDArray cos, NDArray sin, NDArray mask, int window) {}

  /** One for each kind of layer that there is. */
  static Map<LayerType, AttentionSpan> all(NDManager manager, AttentionConfig config) {
    Map<RopeParameters, RotaryEmbedding> rotaries = new HashMap<>();
    Map<LayerType, AttentionSpan> spans = new EnumMap<>(LayerType.class);
    for (LayerType type : EnumSet.copyOf(config.layerTypes())) {
      RotaryEmbedding rotary = rotaries.computeIfAbsent(config.ropes().get(type),
          rope -> new RotaryEmbedding(manager, rope, config.headDim()));
      int window = type == LayerType.SLIDING_ATTENTION ? config.slidingWindow() : Integer.MAX_VALUE;
      spans.put(type, new AttentionSpan(rotary, window));
    }
    return spans;
  }

  /**
   * For packed sequences, each position attending to those of its sequence up to itself.
   *
   * @param start the position of each sequence's first token
   */
  AttentionContext packed(NDManager out, long[] seqLens, int start, Precision precision) {
    long longest = start + Arrays.stream(seqLens).max().orElse(0);
    long[] positions = Arrays.stream(seqLens).flatMap(length -> LongStream.range(start, start + length)).toArray();
    return context(out, positions, (int) longest, precision, null);
  }

  /** For the next {@code time} tokens of a cache's rows, in f32. */
  AttentionContext after(KvCache cache, NDManager out, int time) {
    NDArray mask = cache.mask(out, time, window);
    return context(out, cache.positions(time), cache.length() + time, Precision.F32, mask);
  }

  private AttentionContext context(NDManager out, long[] positions, int greatest, Precision precision,
      NDArray mask) {
    RotaryEmbedding.Tables at = rotary.at(out, out.create(positions), greatest);
    return new AttentionContext(typed(at.cos(), precision), typed(at.sin(), precision), mask, window);
  }

  private static NDArray typed(NDArray table, Precision precision) {
    NDArray each = table.expandDims(1);
    return precision == Precision.BF16 ? TorchOps.toBf16(each) : each;
  }
}
