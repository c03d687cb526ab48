package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.fixture.Rows;
import org.junit.jupiter.api.Test;

/** How rows become batches. */
class BatchTest {

  @Test
  void weightsGoWithTheirLabels() {
    Example weighed = new Example(new int[] {5, 6, 7, 8}, new boolean[] {true, false, true, true},
        new float[] {9, 9, -2, 0});
    Example plain = new Example(new int[] {9, 4}, new boolean[] {false, true});
    assertArrayEquals(new float[] {-2, 0, 1}, Batch.of(List.of(weighed, plain)).weights());
    assertArrayEquals(new float[] {-2}, Batch.of(List.of(weighed.truncate(3))).weights());
    assertNull(Batch.of(List.of(plain)).weights());
    assertEquals(1, weighed.weighedTokens());
    assertEquals(1, plain.weighedTokens());
    assertThrows(IllegalArgumentException.class, () -> plain.withWeights(new float[3]));
  }

  @Test
  void positionsStandBeforeTheTokensTheyPredict() {
    Example first = new Example(new int[] {5, 6, 7, 8}, new boolean[] {true, false, true, true});
    Example second = new Example(new int[] {9, 4}, new boolean[] {false, true});
    Batch batch = Batch.of(List.of(first, second));
    assertArrayEquals(new long[] {5, 6, 7, 8, 9, 4}, batch.inputIds());
    assertArrayEquals(new long[] {4, 2}, batch.seqLens());
    assertArrayEquals(new long[] {1, 2, 4}, batch.positions());
    assertArrayEquals(new long[] {7, 8, 4}, batch.labels(), "nothing predicts the first token of a row");
    assertEquals(3, batch.keptTokens());
    assertEquals(first.keptTokens() + second.keptTokens(), batch.keptTokens());
  }

  @Test
  void anEndOfReplyIsKeptInEveryRow() {
    Example ended = new Example(new int[] {5, 6, 2}, new boolean[] {false, true, true});
    Example longer = new Example(new int[] {5, 6, 7, 8, 2}, new boolean[] {false, false, false, true, true});
    Batch batch = Batch.of(List.of(ended, longer));
    assertArrayEquals(new long[] {6, 2, 8, 2}, batch.labels());
  }

  @Test
  void rowsGoOnFromWhatHasBeenReadBefore() {
    Example first = new Example(new int[] {5, 6, 7, 8, 9}, new boolean[] {true, false, false, true, true});
    Example second = new Example(new int[] {5, 6, 4, 3}, new boolean[] {false, false, false, true});
    assertArrayEquals(new int[] {5, 6}, first.context());
    assertArrayEquals(new int[] {5, 6}, second.context());
    Batch batch = Batch.of(List.of(first, second), 2);
    assertArrayEquals(new long[] {7, 8, 9, 4, 3}, batch.inputIds());
    assertArrayEquals(new long[] {3, 2}, batch.seqLens());
    assertArrayEquals(new long[] {0, 1, 3}, batch.positions());
    assertArrayEquals(new long[] {8, 9, 3}, batch.labels());
  }

  @Test
  void theContextEndsBeforeThePositionThatPredictsFirst() {
    assertEquals(0, new Example(new int[3], new boolean[] {false, true, true}).context().length);
    assertEquals(2, new Example(new int[3], new boolean[] {true, false, false}).context().length);
  }

  @Test
  void aMaskOfAnotherLengthIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Example(new int[3], new boolean[2]));
  }

  @Test
  void slicesHoldWholeRowsInOrderUpToTheLimit() {
    List<Example> rows = Stream.of(5, 3, 4, 9, 1, 7).map(BatchTest::ofLength).toList();
    assertEquals(List.of(2, 1, 1, 2), Batches.slices(rows, 8).stream().map(List::size).toList());
    for (int limit : new int[] {1, 8, 28, 29, 100}) {
      List<List<Example>> slices = Batches.slices(rows, limit);
      assertEquals(rows, slices.stream().flatMap(List::stream).toList());
      for (List<Example> slice : slices) {
        int tokens = slice.stream().mapToInt(Example::length).sum();
        assertTrue(tokens <= limit || slice.size() == 1, slice.size() + " rows, " + tokens);
      }
    }
    assertEquals(1, Batches.slices(rows, 29).size(), "what fits is not sliced");
  }

  private static Example ofLength(int length) {
    return new Example(new int[length], new boolean[length]);
  }

  @Test
  void everyRowComesOnceAnEpochInAnOrderThatTheSeedDecides() {
    List<Example> rows = Rows.some(103);
    for (boolean grouped : new boolean[] {false, true}) {
      List<List<Example>> batches = batches(grouped, rows, 7);
      assertEquals(15, batches.size());
      List<Example> all = batches.stream().flatMap(List::stream).toList();
      assertEquals(103, all.size());
      assertEquals(new HashSet<>(rows), new HashSet<>(all));
      assertEquals(batches, batches(grouped, rows, 7));
      assertNotEquals(batches, batches(grouped, rows, 8));
    }
  }

  private static List<List<Example>> batches(boolean grouped, List<Example> rows, long seed) {
    return grouped ? Batches.groupedByLength(rows, 7, seed) : Batches.shuffled(rows, 7, seed);
  }

  @Test
  void groupingByLengthBringsLikeLengthsTogether() {
    List<Example> rows = Rows.some(200);
    assertTrue(unevenness(Batches.groupedByLength(rows, 8, 1)) * 4 < unevenness(Batches.shuffled(rows, 8, 1)));
  }

  private static int unevenness(List<List<Example>> batches) {
    return batches.stream()
      .mapToInt(rows -> rows.stream().mapToInt(Example::length).max().orElse(0) * rows.size()
          - rows.stream().mapToInt(Example::length).sum())
      .sum();
  }

  @Test
  void evaluationTakesTheLongestFirst() {
    List<Example> order = Batches.byLength(Rows.some(20), 6).stream().flatMap(List::stream).toList();
    List<Integer> lengths = order.stream().map(Example::length).toList();
    assertEquals(
        IntStream.range(0, 20).mapToObj(i -> Rows.some(20).get(i).length()).sorted(Comparator.reverseOrder()).toList(),
        lengths);
  }
}
