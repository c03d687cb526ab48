package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.PackedAttention;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * A prefix that several sequences share, such as a system message, read once for all of them.
 *
 * <p>
 * A position attends only to what comes before it, so equal prefixes have equal keys and values in every layer. The
 * sequences that follow attend to these beside their own. In backward each adds to the gradients of these keys and
 * values, and the sums go back through the prefix once.
 */
final class SharedPrefix {

  /** Each pass over the sequences attends to the prefix anew, which fewer tokens are not worth. */
  private static final int LEAST_TOKENS = 8;

  /** A pass more through all weights costs as much as some tens of tokens. */
  private static final int LEAST_SAVED = 64;

  /** Of one layer, all of shape (length, key-value heads · head size); the gradients in f32, null without backward. */
  private record Layer(NDArray keys, NDArray values, NDArray dKeys, NDArray dValues) {}

  private final NDManager manager;
  private final Layer[] layers;
  private final int length;

  /** A prefix that has not been read yet; {@code manager} owns its tensors. */
  SharedPrefix(NDManager manager, int length, int layers) {
    this.manager = manager;
    this.length = length;
    this.layers = new Layer[layers];
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
      layers[layer] = new Layer(k, v, backward ? manager.zeros(k.getShape()) : null,
          backward ? manager.zeros(v.getShape()) : null);
    }
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
    DecoderOps.storePrefix(into.keys(), layers[layer].keys(), ends);
    DecoderOps.storePrefix(into.values(), layers[layer].values(), ends);
  }

  /**
   * Has the queries of sequences attend to the prefix, too.
   *
   * @param own the outputs of their attention to themselves, and the logarithms of its sums
   * @return the same over both
   */
  NDArray[] attend(int layer, NDArray q, NDArray[] own, PackedAttention packed) {
    if (!packed.flash()) {
      throw new IllegalStateException("A sequence is longer than was announced when its prefix was read.");
    }
    Layer prefix = layers[layer];
    return DecoderOps.prefixAttention(q, own[0], own[1], prefix.keys(), prefix.values(), packed);
  }

  /**
   * The gradients of {@link #attend}: adds to those of the prefix's keys and values, and to dq.
   *
   * @param attended what that returned; logSums alike
   */
  void backward(int layer, NDArray dAttended, NDArray q, NDArray attended, NDArray logSums, NDArray dq,
      PackedAttention packed) {
    Layer prefix = layers[layer];
    NDArray[] total = {dq, prefix.dKeys(), prefix.dValues()};
    TrainingOps.prefixAttention(dAttended, q, prefix.keys(), prefix.values(), attended, logSums, total, packed);
  }

  /** Adds what {@link #backward} has summed to the gradients of the prefix's own pass. */
  void addGradients(int layer, NDArray dKeys, NDArray dValues) {
    TorchOps.addInPlace(dKeys, layers[layer].dKeys());
    TorchOps.addInPlace(dValues, layers[layer].dValues());
  }
}
