package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.coldstart.fixture.Rows;
import org.junit.jupiter.api.Test;

/** Whole examples, each once, in as few bins as best fit finds. */
class PackingTest {

  private static List<Example> lengths(int... lengths) {
    return IntStream.of(lengths).mapToObj(n -> Rows.of(n, n)).toList();
  }

  private static List<List<Integer>> sizes(List<List<Example>> bins) {
    return bins.stream().map(bin -> bin.stream().map(Example::length).toList()).toList();
  }

  @Test
  void theExampleOfTrl() {
    // pack_dataset's documentation, without the row that it would cut
    assertEquals(List.of(List.of(4), List.of(3, 1), List.of(2)), sizes(Batches.bins(lengths(4, 2, 3, 1), 4, 0)));
  }

  @Test
  void theFullestBinThatFitsIsTaken() {
    assertEquals(List.of(List.of(7, 3), List.of(6, 4), List.of(2)), sizes(Batches.bins(lengths(2, 3, 4, 6, 7), 10, 1)));
  }

  @Test
  void everyExampleComesOnceAndNoBinOverflows() {
    Random random = new Random(5);
    for (int run = 0; run < 50; run++) {
      List<Example> examples = IntStream.range(0, 1 + random.nextInt(200))
        .mapToObj(i -> Rows.of(1 + random.nextInt(64), i))
        .toList();
      List<List<Example>> bins = Batches.bins(examples, 64, run);
      List<Example> all = bins.stream().flatMap(List::stream).toList();
      assertEquals(examples.size(), all.size());
      assertEquals(new HashSet<>(examples), new HashSet<>(all));
      int[] filled = bins.stream().mapToInt(bin -> bin.stream().mapToInt(Example::length).sum()).toArray();
      assertTrue(IntStream.of(filled).allMatch(tokens -> tokens <= 64));
      long halfEmpty = IntStream.of(filled).filter(tokens -> tokens <= 32).count();
      assertTrue(halfEmpty <= 1, "two half-empty bins would have been one");
    }
  }

  @Test
  void theSeedDecidesTheBatches() {
    List<Example> examples = Rows.some(103);
    List<List<Example>> batches = Batches.packed(examples, 40, 2, 7);
    assertEquals(batches, Batches.packed(examples, 40, 2, 7));
    assertNotEquals(batches, Batches.packed(examples, 40, 2, 8));
    assertEquals(new HashSet<>(examples), new HashSet<>(batches.stream().flatMap(List::stream).toList()));
    assertTrue(batches.stream().allMatch(b -> b.stream().mapToInt(Example::length).sum() <= 2 * 40));
    assertEquals((Batches.bins(examples, 40, 7).size() + 1) / 2, batches.size());
  }

  @Test
  void anExampleThatFitsNoBinIsRefused() {
    String message = assertThrows(IllegalArgumentException.class, () -> Batches.packed(lengths(3, 9), 8, 1, 0))
      .getMessage();
    assertTrue(message.startsWith("An example has 9 tokens, more than the 8 of a bin"), message);
    assertEquals(List.of(), Batches.packed(List.of(), 8, 1, 0));
  }
}
