package org.coldstart.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** The orders in which examples are put into batches. */
public final class Batches {

  /**
   * How many tokens {@link #slices} of a batch that is only measured should hold at most: larger
   * ones run no faster. Nothing is kept for a way back, so there may be more than in training.
   */
  public static final int MEASURED_AT_ONCE = 2048;

  private Batches() {}

  /**
   * Shuffles by seed and cuts into batches; the last may be smaller.
   *
   * @param seed the same seed gives the same batches
   */
  public static List<List<Example>> shuffled(List<Example> examples, int batchSize, long seed) {
    List<Example> order = new ArrayList<>(examples);
    Collections.shuffle(order, new Random(seed));
    return cut(order, batchSize);
  }

  /**
   * Batches of similar lengths, so that little is padded, themselves in shuffled order.
   *
   * <p>As in transformers' {@code group_by_length}: shuffled rows are cut into blocks of fifty
   * batches, and each block is sorted, so that chance still decides who meets whom.
   */
  public static List<List<Example>> groupedByLength(
      List<Example> examples, int batchSize, long seed) {
    Random random = new Random(seed);
    List<Example> order = new ArrayList<>(examples);
    Collections.shuffle(order, random);
    List<List<Example>> batches = new ArrayList<>();
    for (List<Example> block : cut(order, 50 * batchSize)) {
      List<Example> sorted = new ArrayList<>(block);
      sorted.sort(Comparator.comparingInt(Example::length).reversed());
      batches.addAll(cut(sorted, batchSize));
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  /**
   * Batches of packed examples: each holds the examples of {@code batchSize} bins of at most {@code
   * maxLength} tokens. {@link Packing} says how full they are.
   *
   * @param seed the same seed gives the same batches
   * @throws IllegalArgumentException if an example is longer than {@code maxLength}
   */
  public static List<List<Example>> packed(
      List<Example> examples, int maxLength, int batchSize, long seed) {
    return Packing.of(examples, maxLength, seed).batches(batchSize, seed);
  }

  /**
   * Longest first, so that evaluation pads little and runs out of memory at once if it does at all.
   */
  public static List<List<Example>> byLength(List<Example> examples, int batchSize) {
    List<Example> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparingInt(Example::length).reversed());
    return cut(sorted, batchSize);
  }

  /**
   * Cuts a batch into parts of consecutive rows that hold at most so many tokens together; a longer
   * row stands alone. Rows do not see each other, so the parts' losses and gradients add up to the
   * batch's, while only one part's activations are in memory at a time.
   */
  public static List<List<Example>> slices(List<Example> batch, int maxTokens) {
    return slices(batch, maxTokens, 0);
  }

  /**
   * The same for rows whose first tokens have been read before, and do not count.
   *
   * @param beginning how many
   */
  public static List<List<Example>> slices(List<Example> batch, int maxTokens, int beginning) {
    List<List<Example>> slices = new ArrayList<>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < batch.size(); i++) {
      int length = batch.get(i).length() - beginning;
      if (i > from && tokens + length > maxTokens) {
        slices.add(batch.subList(from, i));
        from = i;
        tokens = 0;
      }
      tokens += length;
    }
    slices.add(batch.subList(from, batch.size()));
    return slices;
  }

  /** Consecutive runs of {@code size}; the last may be smaller. */
  static List<List<Example>> cut(List<Example> examples, int size) {
    List<List<Example>> parts = new ArrayList<>();
    for (int from = 0; from < examples.size(); from += size) {
      parts.add(List.copyOf(examples.subList(from, Math.min(examples.size(), from + size))));
    }
    return parts;
  }
}
