package org.coldstart.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whole examples put into bins of at most {@code maxLength} tokens, so that one bin takes the place
 * of one full-length row; TRL's {@code packing} with the strategy {@code "bfd"}.
 *
 * <p>Best fit, decreasing: from the longest example to the shortest, each goes into the bin that it
 * fills best. Examples of a bin stay apart: {@link Batch} keeps their lengths, so that none attends
 * to another and each counts its positions from 0.
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
    List<List<Example>> bins = new ArrayList<>();
    TreeMap<Integer, Deque<List<Example>>> byRoom = new TreeMap<>();
    for (Example example : Batches.longestFirst(Batches.shuffle(examples, seed))) {
      Map.Entry<Integer, Deque<List<Example>>> fitting = byRoom.ceilingEntry(example.length());
      int room = fitting == null ? maxLength : fitting.getKey();
      if (example.length() > room) {
        throw new IllegalArgumentException(
            "An example has %d tokens, more than the %d of a bin; let ExampleBuilder drop or cut such rows."
                .formatted(example.length(), maxLength));
      }
      List<Example> bin;
      if (fitting == null) {
        bin = new ArrayList<>();
        bins.add(bin);
      } else {
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

  /**
   * Micro-batches in shuffled order.
   *
   * @param batchSize bins in one; a batch is the examples of its bins, at most {@code batchSize ·
   *     maxLength} tokens
   */
  public List<List<Example>> batches(int batchSize, long seed) {
    return Batches.cut(Batches.shuffle(bins, seed), batchSize).stream()
        .map(batch -> batch.stream().flatMap(List::stream).toList())
        .toList();
  }
}
