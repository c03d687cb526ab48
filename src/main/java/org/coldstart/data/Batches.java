package org.coldstart.data;

import java.util.AbstractList;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/** How examples are grouped into batches; the same seed gives the same batches. */
public final class Batches {

  /** How many tokens {@link #slices} of a batch should hold at most in evaluation: larger ones run no faster. */
  public static final int EVAL_TOKENS = 2048;

  private Batches() {}

  /** Shuffles by seed and cuts into batches; the last may be smaller. */
  public static <T> List<List<T>> shuffled(List<T> rows, int batchSize, long seed) {
    return cut(shuffle(rows, seed), batchSize);
  }

  /**
   * Batches of similar lengths in shuffled order. As in transformers' {@code group_by_length}, shuffled examples are
   * cut into blocks of fifty batches and each block is sorted, so that chance still decides who shares a batch.
   */
  public static List<List<Example>> groupedByLength(List<Example> examples, int batchSize, long seed) {
    Random random = new Random(seed);
    List<Example> order = new ArrayList<>(examples);
    Collections.shuffle(order, random);
    List<List<Example>> batches = new ArrayList<>();
    cut(order, 50 * batchSize).forEach(block -> batches.addAll(byLength(block, batchSize)));
    Collections.shuffle(batches, random);
    return batches;
  }

  /**
   * Batches of packed examples in shuffled order: each holds the examples of {@code batchSize} bins.
   *
   * @throws IllegalArgumentException if an example is longer than {@code maxLength}
   */
  public static List<List<Example>> packed(List<Example> examples, int maxLength, int batchSize, long seed) {
    return cut(shuffle(bins(examples, maxLength, seed), seed), batchSize).stream()
      .map(bins -> bins.stream().flatMap(List::stream).toList())
      .toList();
  }

  /**
   * Whole examples put into bins of at most {@code maxLength} tokens; TRL's {@code packing} with the strategy
   * {@code "bfd"}, best fit decreasing: from the longest example to the shortest, each goes into the bin that it fills
   * best. The seed decides which of equally long examples share a bin.
   */
  static List<List<Example>> bins(List<Example> examples, int maxLength, long seed) {
    List<List<Example>> bins = new ArrayList<>();
    TreeMap<Integer, Deque<List<Example>>> byRoom = new TreeMap<>();
    for (Example example : longestFirst(shuffle(examples, seed))) {
      int length = example.length();
      Integer room = byRoom.ceilingKey(length);
      List<Example> bin = room == null ? new ArrayList<>() : byRoom.get(room).removeFirst();
      if (room == null) {
        room = maxLength;
        bins.add(bin);
      } else if (byRoom.get(room).isEmpty()) {
        byRoom.remove(room);
      }
      if (length > room) {
        throw new IllegalArgumentException(
            "An example has %d tokens, more than the %d of a bin; let ExampleBuilder drop or cut such rows."
              .formatted(length, maxLength));
      }
      bin.add(example);
      byRoom.computeIfAbsent(room - length, r -> new ArrayDeque<>()).addLast(bin);
    }
    return bins;
  }

  /** Longest first, so that evaluation runs out of memory at once if it does at all. */
  public static List<List<Example>> byLength(List<Example> examples, int batchSize) {
    return cut(longestFirst(examples), batchSize);
  }

  /** As {@link #slices(List, int, int)}, without a shared prefix. */
  public static List<List<Example>> slices(List<Example> batch, int maxTokens) {
    return slices(batch, maxTokens, 0);
  }

  /**
   * Cuts a batch into parts of consecutive examples that hold at most so many tokens together; a longer example is a
   * part of its own. Examples do not attend to each other, so the parts' losses and gradients add up to the batch's,
   * while only one part's activations are in memory at a time.
   *
   * @param prefix tokens that all share, which are computed once and do not count
   */
  public static List<List<Example>> slices(List<Example> batch, int maxTokens, int prefix) {
    List<List<Example>> slices = new ArrayList<>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < batch.size(); i++) {
      int length = batch.get(i).length() - prefix;
      if (i > from && tokens + length > maxTokens) {
        slices.add(batch.subList(from, i));
        from = i;
        tokens = 0;
      }
      tokens += length;
    }
    if (from < batch.size()) {
      slices.add(batch.subList(from, batch.size()));
    }
    return slices;
  }

  static <T> List<T> shuffle(List<T> items, long seed) {
    List<T> order = new ArrayList<>(items);
    Collections.shuffle(order, new Random(seed));
    return order;
  }

  static List<Example> longestFirst(List<Example> examples) {
    return examples.stream().sorted(Comparator.comparingInt(Example::length).reversed()).toList();
  }

  /** Consecutive runs of {@code size}, each made when it is asked for; the last may be smaller. */
  public static <T> List<List<T>> cut(List<T> items, int size) {
    return new AbstractList<>() {
      @Override
      public List<T> get(int index) {
        int from = Objects.checkIndex(index, size()) * size;
        return List.copyOf(items.subList(from, Math.min(items.size(), from + size)));
      }

      @Override
      public int size() {
        return (items.size() + size - 1) / size;
      }
    };
  }
}
