package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.coldstart.checkpoint.AttentionConfig;
import org.coldstart.checkpoint.ModelConfig;
import org.coldstart.torch.Torch;
import org.coldstart.torch.TorchOps;

/**
 * The keys and values of all tokens seen so far, so that a new token costs one token's work.
 *
 * <p>Rows of unequal length share a cache when they are padded on the left: {@code padding[b]} is
 * the number of padding tokens in front of row b, which are never attended to and do not count as
 * positions. Room grows by doubling.
 */
public final class KvCache implements AutoCloseable {

  /** Keys and values of one layer, each of shape (batch, key-value heads, time, head size). */
  record Entry(NDArray keys, NDArray values) {}

  private static final int FIRST_CAPACITY = 128;

  private final AttentionConfig config;
  private final NDManager manager = Torch.newManager();
  private final Entry[] layers;
  private int[] padding;
  private int length;
  private int capacity;

  /**
   * An empty cache.
   *
   * @param padding for each row of the batch the padding tokens on its left, 0 for none
   */
  public KvCache(ModelConfig config, int[] padding) {
    this.config = config.attention();
    this.padding = padding.clone();
    this.layers = new Entry[config.numHiddenLayers()];
  }

  /** Tokens seen by each row, padding included. */
  public int length() {
    return length;
  }

  /** Rows. */
  public int batchSize() {
    return padding.length;
  }

  boolean padded() {
    return Arrays.stream(padding).anyMatch(p -> p > 0);
  }

  /** Position ids of the next {@code time} tokens of every row, shape (batch · time). */
  long[] positions(int time) {
    long[] positions = new long[padding.length * time];
    for (int b = 0; b < padding.length; b++) {
      for (int t = 0; t < time; t++) {
        positions[b * time + t] = Math.max(0, length + t - padding[b]);
      }
    }
    return positions;
  }

  /**
   * The mask under which {@code time} new tokens see at most {@code window} positions of their own
   * row, up to themselves, and no padding; shape (batch or 1, 1, time, length + time). Null when a
   * single token of an unpadded batch sees all.
   */
  NDArray mask(NDManager out, int time, int window) {
    boolean padded = padded();
    if (time == 1 && !padded && window > length) {
      return null;
    }
    return mask(out, padded ? padding : new int[] {0}, length, time, window);
  }

  private static NDArray mask(NDManager out, int[] padding, int length, int time, int window) {
    int keys = length + time;
    float[] mask = new float[padding.length * time * keys];
    for (int b = 0; b < padding.length; b++) {
      for (int t = 0; t < time; t++) {
        int at = (b * time + t) * keys;
        int self = length + t;
        int hidden = Math.max(padding[b], self - window + 1);
        // Finite, so that a padding token, which sees nothing, gets no NaN from softmax.
        Arrays.fill(mask, at, at + Math.min(hidden, keys), -1e9f);
        Arrays.fill(mask, at + self + 1, at + keys, -1e9f);
      }
    }
    return out.create(mask, new Shape(padding.length, 1, time, keys));
  }

  /**
   * Stores a layer's new keys and values and returns all of them, as views owned by {@code keys}'
   * manager.
   */
  Entry append(int layer, NDArray keys, NDArray values) {
    int time = (int) keys.getShape().get(2);
    reserve(layer, length + time);
    Entry stored = layers[layer];
    TorchOps.write(stored.keys(), keys, 2, length);
    TorchOps.write(stored.values(), values, 2, length);
    return new Entry(
        view(stored.keys(), length + time, keys.getManager()),
        view(stored.values(), length + time, keys.getManager()));
  }

  /** Counts the tokens of a pass once all layers have stored them. */
  void advance(int time) {
    length += time;
  }

  /** Drops the rows whose index is not listed, as replies of a batch end at different times. */
  public void keepRows(int[] rows) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray index = scope.create(Arrays.stream(rows).asLongStream().toArray());
      for (int i = 0; i < layers.length; i++) {
        Entry old = layers[i];
        layers[i] =
            new Entry(
                TorchOps.select(old.keys(), 0, index), TorchOps.select(old.values(), 0, index));
        old.keys().close();
        old.values().close();
      }
    }
    padding = Arrays.stream(rows).map(row -> padding[row]).toArray();
  }

  private void reserve(int layer, int needed) {
    Entry old = layers[layer];
    if (old != null && needed <= old.keys().getShape().get(2)) {
      return;
    }
    capacity = Math.max(capacity, Math.max(FIRST_CAPACITY, Integer.highestOneBit(needed * 2 - 1)));
    layers[layer] =
        new Entry(grown(old == null ? null : old.keys()), grown(old == null ? null : old.values()));
  }

  private NDArray grown(NDArray old) {
    Shape shape = new Shape(padding.length, config.keyValueHeads(), capacity, config.headDim());
    NDArray larger = manager.zeros(shape, DataType.FLOAT32);
    if (old != null) {
      TorchOps.write(larger, old, 2, 0);
      old.close();
    }
    return larger;
  }

  private static NDArray view(NDArray stored, int time, NDManager out) {
    NDArray view = TorchOps.slice(stored, 2, 0, time);
    view.attach(out);
    return view;
  }

  @Override
  public void close() {
    manager.close();
  }
}
