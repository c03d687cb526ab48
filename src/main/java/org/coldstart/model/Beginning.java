package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import org.coldstart.torch.Torch;

/**
 * What several rows begin with alike, such as a system message: read once for all of them.
 *
 * <p>A position sees only what stands before it, so equal beginnings have equal keys and values in
 * every layer. The rows that follow attend to these beside their own. On the way back each row adds
 * what it has to say about them, and the sums go back through the beginning once.
 */
final class Beginning implements AutoCloseable {

  /** Fewer tokens are read sooner with each row than once for all. */
  private static final int WORTH_WHILE = 8;

  /**
   * What the rows see of one layer, and the gradients they send back, in f32; all of shape (length,
   * key-value heads · head size).
   */
  record Layer(NDArray keys, NDArray values, NDArray dKeys, NDArray dValues) {}

  private final NDManager manager = Torch.newManager();
  private final Layer[] layers;
  private final int length;

  Beginning(int length, int layers) {
    this.length = length;
    this.layers = new Layer[layers];
  }

  /** How many tokens all of several rows begin with; 0 where it is not worth while. */
  static int sharedBy(List<int[]> rows) {
    if (rows.size() < 2) {
      return 0;
    }
    int[] first = rows.get(0);
    int shared = first.length;
    for (int[] row : rows) {
      int differs = Arrays.mismatch(row, 0, Math.min(row.length, shared), first, 0, shared);
      shared = differs < 0 ? shared : differs;
    }
    return shared < WORTH_WHILE ? 0 : shared;
  }

  /** Its tokens. */
  int length() {
    return length;
  }

  Layer layer(int number) {
    return layers[number];
  }

  /** Remembers a layer's keys and values; under gradient checkpointing they come a second time. */
  void put(int layer, NDArray keys, NDArray values) {
    if (layers[layer] == null) {
      NDArray k = owned(keys);
      NDArray v = owned(values);
      layers[layer] = new Layer(k, v, manager.zeros(k.getShape()), manager.zeros(v.getShape()));
    }
  }

  private NDArray owned(NDArray x) {
    try (NDArray flat = x.reshape(length, -1)) {
      NDArray copy = flat.duplicate();
      copy.attach(manager);
      return copy;
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
