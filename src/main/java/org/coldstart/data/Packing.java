package org.coldstart.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Whole examples put into bins of at most {@code maxLength} tokens, so that one bin takes the place
 * of one full-length row; TRL's {@code packing} with the strategy {@code "bfd"}.
 *
 * <p>Best fit, decreasing: from the longest example to the shortest, each goes into the bin that it
 * fills best. Examples of a bin stay apart: {@link Batch} keeps their lengths, so that none sees
 * another and each counts its positions from 0.
 *
 * @param bins the examples of each bin
 * @param maxLength the tokens a bin has room for
 */
public record Packing(List<List<Example>> bins, int maxLength) {

  /**
   * Packs all examples.
   *
   * @param seed decides which of equally long examples share a bin
   * @throws IllegalArgumentException if an example is longer than {@code maxLength}
   */
  public static Packing of(List<Example> examples, int maxLength, long seed) {
    List<Example> order = new ArrayList<>(examples);
    Collections.shuffle(order, new Random(seed));
    order.sort(Comparator.comparingInt(Example::length).reversed());
    List<List<Example>> bins = new ArrayList<>();
    TreeMap<Integer, Deque<List<Example>>> byRoom = new TreeMap<>();
    for (Example example : order) {
      int room = maxLength;
      Map.Entry<Integer, Deque<List<Example>>> fitting = byRoom.ceilingEntry(example.length());
      List<Example> bin = new ArrayList<>();
      if (fitting == null) {
        checkFits(example, maxLength);
        bins.add(bin);
      } else {
        room = fitting.getKey();
        bin = fitting.getValue().removeFirst();
        if (fitting.getValue().isEmpty()) {
          byRoom.remove(room);
        }
      }
      bin.add(example);
      byRoom.computeIfAbsent(room - example.length(), r -> new ArrayDeque<>()).addLast(bin);
    }
    return new Packing(bins, maxLength);
  }

  private static void checkFits(Example example, int maxLength) {
    if (example.length() > maxLength) {
      throw new IllegalArgumentException(
          "An example has "
              + example.length()
              + " tokens, more than the "
              + maxLength
              + " of a bin; let ExampleBuilder drop or cut such rows.");
    }
  }

  /** The share of the bins' room that holds tokens. */
  public double fillShare() {
    long tokens = bins.stream().flatMap(List::stream).mapToLong(Example::length).sum();
    return bins.isEmpty() ? 1 : tokens / ((double) bins.size() * maxLength);
  }

  /**
   * Micro-batches in shuffled order.
   *
   * @param batchSize bins in one; a batch is the examples of its bins, at most {@code batchSize ·
   *     maxLength} tokens
   */
  public List<List<Example>> batches(int batchSize, long seed) {
    List<List<Example>> order = new ArrayList<>(bins);
    Collections.shuffle(order, new Random(seed));
    List<List<Example>> batches = new ArrayList<>();
    for (int from = 0; from < order.size(); from += batchSize) {
      batches.add(
          order.subList(from, Math.min(order.size(), from + batchSize)).stream()
              .flatMap(List::stream)
              .toList());
    }
    return batches;
  }
}
