package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;

/**
 * A prefix that several sequences share, such as a system message, read once for all of them.
 *
 * <p>
 * A position attends only to what comes before it, so equal prefixes have equal keys and values in every layer. The
 * sequences that follow attend to these beside their own. In backward each adds to the gradients of these keys and
 * values, and the sums go back through the prefix once.
 */
final class SharedPrefix {

  /** Each sequence attends to the prefix anew, which fewer tokens are not worth. */
  private static final int LEAST_TOKENS = 8;

  /** A pass more through all weights costs as much as some tens of tokens. */
  private static final int LEAST_SAVED = 64;

  private final NDManager manager;
  private final NDArray[][] layers;
  private final int length;

  /** A prefix that has not been read yet; {@code manager} owns its tensors. */
  SharedPrefix(NDManager manager, int length, int layers) {
    this.manager = manager;
    this.length = length;
    this.layers = new NDArray[layers][];
  }

  /** The length of the prefix that all of several sequences share; 0 where sharing it would not pay. */
  static int sharedBy(List<int[]> sequences) {
    int[] first = sequences.isEmpty() ? new int[0] : sequences.get(0);
    int shared = first.length;
    for (int[] ids : sequences) {
      int differs = Arrays.mismatch(ids, 0, Math.min(ids.length, shared), first, 0, shared);
      shared = differs < 0 ? shared : differs;
    }
    boolean pays = shared >= LEAST_TOKENS && (long) shared * (sequences.size() - 1) >= LEAST_SAVED;
    return pays ? shared : 0;
  }

  int length() {
    return length;
  }

  /**
   * Keeps a layer's keys and values; under gradient checkpointing they come a second time.
   *
   * @param backward whether gradients will come
   */
  void put(int layer, NDArray keys, NDArray values, boolean backward) {
    if (layers[layer] == null) {
      NDArray k = owned(keys);
      NDArray v = owned(values);
      layers[layer] = backward ? new NDArray[] {k, v, manager.zeros(k.getShape()), manager.zeros(v.getShape())}
          : new NDArray[] {k, v};
    }
  }

  /**
   * A layer's keys and values, shape (length, key-value heads · head size), and with backward the sums of their
   * gradients, f32.
   */
  NDArray[] of(int layer) {
    return layers[layer];
  }

  private NDArray owned(NDArray x) {
    try (NDArray flat = x.reshape(length, -1)) {
      NDArray copy = flat.duplicate();
      copy.attach(manager);
      return copy;
    }
  }

  /** Writes a layer's keys and values into all rows of a cache, before columns {@code ends}. */
  void copy(int layer, KvCache.Entry into, long[] ends) {
    DecoderOps.storePrefix(into.keys(), layers[layer][0], ends);
    DecoderOps.storePrefix(into.values(), layers[layer][1], ends);
  }

  /** Adds what the sequences have summed to the gradients of the prefix's own pass. */
  void addGradients(int layer, NDArray dKeys, NDArray dValues) {
    TorchOps.addInPlace(dKeys, layers[layer][2]);
    TorchOps.addInPlace(dValues, layers[layer][3]);
  }
}
