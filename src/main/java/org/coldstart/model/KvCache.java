package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.NativeMemory;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * The keys and values of all tokens read so far, so that a new token costs one token's work.
 *
 * <p>
 * Rows of unequal length share a cache by ending at the same column: {@code padding[b]} columns in front of row b hold
 * no token; they are never attended to and do not count as positions. Room grows by doubling.
 */
public final class KvCache implements AutoCloseable {

  /** Keys and values of one layer, each of shape (rows, key-value heads, time, head size). */
  record Entry(NDArray keys, NDArray values) {}

  private final AttentionConfig config;
  private final NDManager manager = Torch.newManager();
  private final NativeMemory memory = NativeMemory.of(this, manager::close);
  private final Entry[] layers;
  private int[] padding;
  private int length;
  private int capacity;

  /**
   * An empty cache.
   *
   * @param padding for each row of the batch the padding tokens on its left
   * @param room columns expected to be filled; more may come
   */
  public KvCache(ModelConfig config, int[] padding, int room) {
    this.config = config.attention();
    this.padding = padding.clone();
    this.layers = new Entry[config.numHiddenLayers()];
    this.capacity = Math.max(1, room);
  }

  /** Tokens read of each row, padding included. */
  public int length() {
    return length;
  }

  /** How many sequences it holds. */
  public int batchSize() {
    return padding.length;
  }

  /** Position ids of the next {@code time} tokens of every row, shape (batch · time). */
  long[] positions(int time) {
    return Arrays.stream(padding)
      .flatMap(columns -> IntStream.range(length - columns, length - columns + time))
      .mapToLong(position -> Math.max(0, position))
      .toArray();
  }

  /** The first column that the next token of a row attends to. */
  int firstColumn(int window) {
    return Math.max(0, length + 1 - window);
  }

  /**
   * The mask under which {@code time} new tokens attend to at most {@code window} positions of their own row, up to
   * themselves, and to no padding; shape (batch or 1, 1, time, columns from {@link #firstColumn} on). Null where it
   * would hide nothing.
   */
  NDArray mask(NDManager out, int time, int window) {
    int from = firstColumn(window);
    boolean padded = Arrays.stream(padding).anyMatch(columns -> columns > from);
    if (time == 1 && !padded) {
      return null;
    }
    int rows = padded ? padding.length : 1;
    int keys = length + time - from;
    float[] mask = new float[rows * time * keys];
    for (int b = 0; b < rows; b++) {
      for (int t = 0; t < time; t++) {
        int at = (b * time + t) * keys;
        int hidden = Math.max(padded ? padding[b] : 0, length + t + 1 - window) - from;
        // Finite, so that a padding token, which attends to nothing, gets no NaN from softmax.
        Arrays.fill(mask, at, at + Math.max(0, Math.min(hidden, keys)), -1e9f);
        Arrays.fill(mask, at + length + t + 1 - from, at + keys, -1e9f);
      }
    }
    return out.create(mask, new Shape(rows, 1, time, keys));
  }

  /** Stores a layer's keys and values of packed sequences in an empty cache. */
  void store(int layer, NDArray keys, NDArray values, ForwardContext pass) {
    long[] starts = Arrays.stream(padding).mapToLong(columns -> columns + pass.start()).toArray();
    Entry stored = reserved(layer, (int) (starts[0] + pass.seqLens()[0]));
    DecoderOps.storePacked(stored.keys(), keys, pass.seqLens(), starts);
    DecoderOps.storePacked(stored.values(), values, pass.seqLens(), starts);
    if (pass.followsPrefix()) {
      pass.prefix().copy(layer, stored, starts);
    }
  }

  /** A layer's keys and values, with room for {@code time} more columns. */
  Entry reserved(int layer, int time) {
    Entry old = layers[layer];
    int needed = length + time;
    if (old == null || needed > old.keys().getShape().get(2)) {
      capacity = needed > capacity ? Math.max(needed, 2 * capacity) : capacity;
      layers[layer] = old == null ? new Entry(empty(), empty()) : new Entry(grown(old.keys()), grown(old.values()));
    }
    return layers[layer];
  }

  private NDArray empty() {
    return TorchOps.empty(manager, StoredType.F32, padding.length, config.keyValueHeads(), capacity, config.headDim());
  }

  private NDArray grown(NDArray old) {
    NDArray larger = empty();
    try (NDArray rows = TorchOps.slice(old, 0, 0, padding.length); NDArray used = TorchOps.slice(rows, 2, 0, length)) {
      TorchOps.write(larger, used, 2, 0);
    }
    old.close();
    return larger;
  }

  /** Counts the tokens of a pass once all layers have stored them. */
  void advance(int time) {
    length += time;
  }

  /**
   * Keeps the rows of these ascending indices, which move up in place, as replies of a batch end at different times.
   */
  public void keepRows(int[] rows) {
    NDArray[] stored = Stream.of(layers)
      .filter(Objects::nonNull)
      .flatMap(layer -> Stream.of(layer.keys(), layer.values()))
      .toArray(NDArray[]::new);
    if (stored.length > 0) {
      DecoderOps.moveToFront(stored, Arrays.stream(rows).asLongStream().toArray(), length);
    }
    padding = Arrays.stream(rows).map(row -> padding[row]).toArray();
  }

  /** Takes each row as often as these indices name it: replies to one prompt, which was read once. */
  void repeatRows(long[] rows) {
    try (NDArray index = manager.create(rows)) {
      for (int i = 0; i < layers.length; i++) {
        try (NDArray keys = layers[i].keys(); NDArray values = layers[i].values()) {
          layers[i] = new Entry(TorchOps.select(keys, 0, index), TorchOps.select(values, 0, index));
        }
      }
    }
    padding = Arrays.stream(rows).mapToInt(row -> padding[(int) row]).toArray();
  }

  @Override
  public void close() {
    memory.free();
  }
}
