package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rows that share a cache get the logits that each gets alone, whatever becomes of the others. */
class KvCacheTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";

  /** As in {@link ModelParityTest}: sums in another order, no more. */
  private static final double TOLERANCE = 1e-4;

  private static final int[] NEXT = {30, 31, 32, 33, 34, 35};

  @ParameterizedTest
  @MethodSource(CASES)
  void rowsOfAnyLengthGoOnWhileOthersAreDropped(ParityCase fixture) {
    int[] ids = fixture.rows().get(0);
    List<int[]> prompts = List.of(part(ids, 0, 12), part(ids, 5, 7), part(ids, 11, 1), part(ids, 3, 9));
    try (CausalLm model = fixture.model()) {
      // Room for one token more: the cache has to grow, with and without dropped rows.
      try (KvCache cache = model.newCache(prompts, 1)) {
        assertLogits(model, prompts, 0, begin(model, prompts, cache));
        assertLogits(model, prompts, 1, next(model, cache, NEXT[0]));
        drop(cache, 1, 2, 3);
        List<int[]> left = prompts.subList(1, 4);
        assertLogits(model, left, 2, next(model, cache, NEXT[1]));
        assertLogits(model, left, 3, next(model, cache, NEXT[2]));
        drop(cache, 0, 2);
        left = List.of(prompts.get(1), prompts.get(3));
        for (int step = 4; step <= NEXT.length; step++) {
          assertLogits(model, left, step, next(model, cache, NEXT[step - 1]));
        }
        assertEquals(2, cache.batchSize());
        assertEquals(12 + NEXT.length, cache.length());
      }
    }
  }

  /** The prefix that all prompts share is read once; one of them may be no more than that and a token. */
  @ParameterizedTest
  @MethodSource(CASES)
  void promptsThatShareAPrefixGoTheirOwnWays(ParityCase fixture) {
    int[] ids = fixture.rows().get(0);
    int[] other = part(ids, 0, 14);
    other[10]++;
    List<int[]> prompts = new ArrayList<>(List.of(part(ids, 0, 11), other));
    prompts.addAll(Collections.nCopies(6, part(ids, 0, 13)));
    try (CausalLm model = fixture.model(); KvCache cache = model.newCache(prompts, 2)) {
      assertLogits(model, prompts, 0, begin(model, prompts, cache));
      assertLogits(model, prompts, 1, next(model, cache, NEXT[0]));
      drop(cache, 0, 2, 7);
      List<int[]> left = List.of(prompts.get(0), prompts.get(2), prompts.get(7));
      assertLogits(model, left, 2, next(model, cache, NEXT[1]));
      assertEquals(16, cache.length());
    }
  }

  private static void drop(KvCache cache, int... going) {
    cache.keepRows(going);
  }

  private static float[] begin(CausalLm model, List<int[]> prompts, KvCache cache) {
    try (NDManager step = Torch.newManager()) {
      return model.nextLogits(step, prompts, cache).toFloatArray();
    }
  }

  private static float[] next(CausalLm model, KvCache cache, int id) {
    long[] ids = new long[cache.batchSize()];
    Arrays.fill(ids, id);
    try (NDManager step = Torch.newManager()) {
      return model.nextLogits(step, ids, cache).toFloatArray();
    }
  }

  /** Each row's logits after some of {@link #NEXT}, against the plain pass over the whole row. */
  private static void assertLogits(CausalLm model, List<int[]> prompts, int steps, float[] logits) {
    int vocabulary = model.config().vocabSize();
    assertEquals(prompts.size() * vocabulary, logits.length);
    for (int row = 0; row < prompts.size(); row++) {
      int[] ids = IntStream.concat(Arrays.stream(prompts.get(row)), Arrays.stream(NEXT).limit(steps)).toArray();
      float[] whole = Arrays32.logits(model, ids, Precision.F32);
      assertClose(part(whole, whole.length - vocabulary, vocabulary), part(logits, row * vocabulary, vocabulary),
          TOLERANCE, "row " + row + " after " + steps + " more tokens");
    }
  }

  /** Batches of two to seven rows are multiplied in another way than one or many. */
  @ParameterizedTest
  @MethodSource(CASES)
  void aRowHasTheSameLogitsInABatchOfAnySize(ParityCase fixture) {
    int[] ids = fixture.rows().get(0);
    try (CausalLm model = fixture.model()) {
      for (int batch : new int[] {1, 2, 7, 8, 17}) {
        List<int[]> prompts = IntStream.range(0, batch).mapToObj(b -> part(ids, b % 5, 3 + b % 4)).toList();
        try (KvCache cache = model.newCache(prompts, 4)) {
          begin(model, prompts, cache);
          assertLogits(model, prompts, 1, next(model, cache, NEXT[0]));
        }
      }
    }
  }

  @Test
  void memoryStaysFlatOverManyTokens() {
    assertTrue(Machine.residentBytes().isPresent() || !isLinux());
    if (!isLinux()) {
      return;
    }
    List<int[]> prompts = List.of(new int[] {5, 6, 7}, new int[] {8});
    try (CausalLm model = ParityCase.of("llama-untied").model()) {
      tokens(model, prompts, 2000);
      long before = Machine.residentBytes().getAsLong();
      tokens(model, prompts, 6000);
      long grown = Machine.residentBytes().getAsLong() - before;
      // 6000 tokens of a kilobyte of logits, let alone activations, would be more.
      assertTrue(grown < 32 << 20, "grown by " + (grown >> 20) + " MB");
    }
  }

  private static boolean isLinux() {
    return System.getProperty("os.name").equals("Linux");
  }

  private static void tokens(CausalLm model, List<int[]> prompts, int count) {
    for (int done = 0; done < count; done += 200) {
      System.gc(); // else the Java heap's fresh pages are counted as growth
      try (KvCache cache = model.newCache(prompts, 200)) {
        begin(model, prompts, cache);
        for (int i = 0; i < 200; i++) {
          next(model, cache, 4 + i % 90);
        }
      }
    }
  }
}
