package org.coldstart.io.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How a decoder's layers attend.
 *
 * @param heads query heads
 * @param keyValueHeads key and value heads; divides {@code heads}
 * @param headDim width of one head, even; need not be hidden size / heads
 * @param inputBias whether the q, k and v projections have biases
 * @param outputBias whether the o projection has one
 * @param queryKeyNorm whether queries and keys are normed head by head before they are rotated
 * @param scale what the products of queries and keys are multiplied by
 * @param scoreSoftcap c of {@code c · tanh(score / c)}, or null for scores as they are
 * @param slidingWindow how many positions, itself included, a position of a sliding layer sees
 * @param layerTypes the kind of each layer
 * @param ropes the rotary embedding of each kind of layer
 */
public record AttentionConfig(int heads, int keyValueHeads, int headDim, boolean inputBias, boolean outputBias,
    boolean queryKeyNorm, double scale, Double scoreSoftcap, int slidingWindow, List<LayerType> layerTypes,
    Map<LayerType, RopeParameters> ropes) {

  /** Which positions a layer attends to; the names are those of {@code layer_types}. */
  public enum LayerType {
    /** Every position attends to all before it. */
    FULL_ATTENTION,
    /** Every position attends to itself and the {@code slidingWindow - 1} before it. */
    SLIDING_ATTENTION;

    String jsonName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public AttentionConfig {
    layerTypes = List.copyOf(layerTypes);
    ropes = Map.copyOf(ropes);
  }

  /** The rotary embedding of the layers with full attention. */
  public RopeParameters rope() {
    return ropes.get(LayerType.FULL_ATTENTION);
  }
}
