package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;

/**
 * What several rows begin with alike, such as a system message: read once for all of them.
 *
 * <p>A position sees only what stands before it, so equal beginnings have equal keys and values in
 * every layer. The rows that follow attend to these beside their own. On the way back each row adds
 * what it has to say about them, and the sums go back through the beginning once.
 */
final class SharedPrefix {

  /** Each pass over the rows meets the beginning anew, which fewer tokens are not worth. */
  private static final int LEAST_TOKENS = 8;

  /** A pass more through all weights costs as much as some tens of tokens. */
  private static final int LEAST_SAVED = 64;

  /**
   * What the rows see of one layer, and the gradients they send back, in f32; all of shape (length,
   * key-value heads · head size). Without a way back there are no gradients.
   */
  record Layer(NDArray keys, NDArray values, NDArray dKeys, NDArray dValues) {}

  private final NDManager manager;
  private final Layer[] layers;
  private final int length;

  /**
   * A beginning that nothing has been read of.
   *
   * @param manager owns its tensors
   */
  SharedPrefix(NDManager manager, int length, int layers) {
    this.manager = manager;
    this.length = length;
    this.layers = new Layer[layers];
  }

  /** How many tokens all of several rows begin with; 0 where it is not worth while. */
  static int sharedBy(List<int[]> rows) {
    if (rows.isEmpty()) {
      return 0;
    }
    int[] first = rows.get(0);
    int shared = first.length;
    for (int[] row : rows) {
      int differs = Arrays.mismatch(row, 0, Math.min(row.length, shared), first, 0, shared);
      shared = differs < 0 ? shared : differs;
    }
    boolean worthWhile = shared >= LEAST_TOKENS && (long) shared * (rows.size() - 1) >= LEAST_SAVED;
    return worthWhile ? shared : 0;
  }

  /** Its tokens. */
  int length() {
    return length;
  }

  Layer layer(int number) {
    return layers[number];
  }

  /**
   * Remembers a layer's keys and values; under gradient checkpointing they come a second time.
   *
   * @param wayBack whether gradients will come back
   */
  void put(int layer, NDArray keys, NDArray values, boolean wayBack) {
    if (layers[layer] == null) {
      NDArray k = owned(keys);
      NDArray v = owned(values);
      layers[layer] = new Layer(k, v, wayBack ? zeros(k) : null, wayBack ? zeros(v) : null);
    }
  }

  private NDArray owned(NDArray x) {
    try (NDArray flat = x.reshape(length, -1)) {
      NDArray copy = flat.duplicate();
      copy.attach(manager);
      return copy;
    }
  }

  private NDArray zeros(NDArray like) {
    return manager.zeros(like.getShape());
  }
}
