package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.stream.Stream;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.torch.FloatType;
import org.coldstart.io.torch.IncrementalOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * The keys and values of all tokens seen so far, so that a new token costs one token's work.
 *
 * <p>Rows of unequal length share a cache by ending at the same column: {@code padding[b]} is the
 * number of columns in front of row b that hold no token; they are never attended to and do not
 * count as positions. Room grows by doubling.
 */
public final class KvCache implements AutoCloseable {

  /** Keys and values of one layer, each of shape (rows, key-value heads, time, head size). */
  record Entry(NDArray keys, NDArray values) {}

  private static final int FIRST_CAPACITY = 128;

  private final AttentionConfig config;
  private final NDManager manager = Torch.newManager();
  private final NDArray none = TorchOps.empty(manager, FloatType.F32, 0);
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
    this(config, padding, FIRST_CAPACITY);
  }

  /**
   * An empty cache with room from the start, which spares it growing.
   *
   * @param padding for each row of the batch the padding tokens on its left, 0 for none
   * @param room columns expected to be filled; more may come
   */
  public KvCache(ModelConfig config, int[] padding, int room) {
    this.config = config.attention();
    this.padding = padding.clone();
    this.layers = new Entry[config.numHiddenLayers()];
    this.capacity = Math.max(1, room);
  }

  /** Tokens seen by each row, padding included. */
  public int length() {
    return length;
  }

  /** Rows. */
  public int batchSize() {
    return padding.length;
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

  /** The first column that the next token of a row sees through a window. */
  int seenFrom(int window) {
    return Math.max(0, length + 1 - window);
  }

  /**
   * The mask that hides padding from the next token of each row; shape (batch, 1, 1, columns from
   * {@link #seenFrom} to that token). Null when no padding is in sight.
   */
  NDArray mask(NDManager out, int window) {
    int from = seenFrom(window);
    int keys = length + 1 - from;
    if (Arrays.stream(padding).allMatch(p -> p <= from)) {
      return null;
    }
    float[] mask = new float[padding.length * keys];
    for (int b = 0; b < padding.length; b++) {
      int hidden = Math.min(Math.max(0, padding[b] - from), keys);
      Arrays.fill(mask, b * keys, b * keys + hidden, -1e9f);
    }
    return out.create(mask, new Shape(padding.length, 1, 1, keys));
  }

  /**
   * The mask under which {@code time} new tokens see at most {@code window} positions of their own
   * row, up to themselves, and no padding; shape (batch or 1, 1, time, length + time).
   */
  NDArray mask(NDManager out, int time, int window) {
    boolean padded = Arrays.stream(padding).anyMatch(p -> p > 0);
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
   * Stores a layer's keys and values of whole rows, standing end to end, in an empty cache.
   *
   * @param before what all rows continue, or null
   */
  void begin(int layer, NDArray keys, NDArray values, long[] rows, SharedPrefix.Layer before) {
    long shared = before == null ? 0 : before.keys().getShape().get(0);
    long[] starts = Arrays.stream(padding).mapToLong(columns -> columns + shared).toArray();
    Entry stored = reserved(layer, (int) (starts[0] + rows[0]));
    IncrementalOps.storeRows(stored.keys(), keys, rows, starts);
    IncrementalOps.storeRows(stored.values(), values, rows, starts);
    if (before != null) {
      IncrementalOps.storeBefore(stored.keys(), before.keys(), starts);
      IncrementalOps.storeBefore(stored.values(), before.values(), starts);
    }
  }

  /**
   * Stores a layer's new keys and values and returns all of them, as views owned by {@code keys}'
   * manager.
   */
  Entry append(int layer, NDArray keys, NDArray values) {
    int time = (int) keys.getShape().get(2);
    Entry stored = reserved(layer, time);
    NDManager out = keys.getManager();
    TorchOps.write(view(stored.keys(), 2, length + time, out), keys, 2, length);
    TorchOps.write(view(stored.values(), 2, length + time, out), values, 2, length);
    return new Entry(
        view(stored.keys(), 2, length + time, out), view(stored.values(), 2, length + time, out));
  }

  /** A layer's keys and values, with room for {@code time} more columns. */
  Entry reserved(int layer, int time) {
    Entry old = layers[layer];
    int needed = length + time;
    if (old == null || needed > old.keys().getShape().get(2)) {
      if (needed > capacity) {
        capacity = Math.max(needed, 2 * capacity);
      }
      layers[layer] =
          new Entry(
              grown(old == null ? null : old.keys()), grown(old == null ? null : old.values()));
    }
    return layers[layer];
  }

  /** An array without elements, for what a layer lacks. */
  NDArray none() {
    return none;
  }

  /** Counts the tokens of a pass once all layers have stored them. */
  void advance(int time) {
    length += time;
  }

  /**
   * Drops the rows whose index is not listed, as replies of a batch end at different times. What
   * stays moves up in place: no memory is taken.
   *
   * @param rows ascending indices
   */
  public void keepRows(int[] rows) {
    NDArray[] stored =
        Stream.of(layers)
            .filter(layer -> layer != null)
            .flatMap(layer -> Stream.of(layer.keys(), layer.values()))
            .toArray(NDArray[]::new);
    if (stored.length > 0) {
      IncrementalOps.moveToFront(stored, Arrays.stream(rows).asLongStream().toArray(), length);
    }
    padding = Arrays.stream(rows).map(row -> padding[row]).toArray();
  }

  private NDArray grown(NDArray old) {
    NDArray larger =
        TorchOps.empty(
            manager,
            FloatType.F32,
            padding.length,
            config.keyValueHeads(),
            capacity,
            config.headDim());
    if (old != null) {
      try (NDArray rows = TorchOps.slice(old, 0, 0, padding.length);
          NDArray used = TorchOps.slice(rows, 2, 0, length)) {
        TorchOps.write(larger, used, 2, 0);
      }
      old.close();
    }
    return larger;
  }

  private NDArray view(NDArray stored, int axis, int time, NDManager out) {
    NDArray rows = TorchOps.slice(stored, 0, 0, padding.length);
    rows.attach(out);
    return TorchOps.slice(rows, axis, 0, time);
  }

  @Override
  public void close() {
    manager.close();
  }
}
