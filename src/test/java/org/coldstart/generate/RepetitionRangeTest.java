package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Sampling with a penalty on the last n generated tokens, against logits worked out by hand and against the plain loop:
 * read everything again for each token, change the logits one by one.
 */
class RepetitionRangeTest {

  private static Tokenizer tokenizer;
  private static CausalLm model;
  private static Generator generator;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.chat();
    model = ParityCase.of("llama-untied").model();
    model.resizeTokenEmbeddings(tokenizer);
    generator = new Generator(model, tokenizer);
  }

  @AfterAll
  static void close() {
    model.close();
    tokenizer.close();
  }

  @Test
  void positiveLogitsAreDividedAndNegativeOnesMultiplied() {
    // ids 0 and 2 were there: 2 / 2 = 1, −1 · 2 = −2; e¹, e¹, e⁻², e⁰, e⁻² add up to 6.70723
    assertDistribution(Sampling.temperature(1, 0).withRepetitionPenalty(2, 9), new int[] {0, 2}, 0.405276, 0.405276,
        0.020178, 0.149093, 0.020178);
  }

  @Test
  void aTokenThatWasThereTwiceIsPenalizedOnce() {
    assertDistribution(Sampling.temperature(1, 0).withRepetitionPenalty(2, 9), new int[] {0, 2, 0, 0, 2}, 0.405276,
        0.405276, 0.020178, 0.149093, 0.020178);
  }

  @Test
  void aLogitOfZeroStaysAndAPenaltyBelowOneFavours() {
    // id 3 has logit 0; id 0: 2 / 0.5 = 4; id 4: −2 · 0.5 = −1; e⁴, e¹, e⁻¹, e⁰, e⁻¹: 59.05219
    assertDistribution(Sampling.temperature(1, 0).withRepetitionPenalty(0.5, 9), new int[] {3, 0, 4}, 0.924575,
        0.046032, 0.006230, 0.016934, 0.006230);
  }

  @Test
  void penaltyTemperatureAndTopKTogether() {
    // penalty 2 on id 0: 1, 1, −1, 0, −2; divided by 0.5: 2, 2, −2, 0, −4; the best 3: e², e², e⁰
    assertDistribution(Sampling.temperature(0.5, 0).withTopK(3).withRepetitionPenalty(2, 9), new int[] {0}, 0.468311,
        0.468311, 0, 0.063379, 0);
  }

  @Test
  void greedyGivesAllToTheLikeliest() {
    assertDistribution(Sampling.greedy().withRepetitionPenalty(3, 9), new int[] {0}, 0, 1, 0, 0, 0);
    assertDistribution(Sampling.greedy(), new int[] {0}, 1, 0, 0, 0, 0);
  }

  /** Of the logits 2, 1, −1, 0, −2. */
  private static void assertDistribution(Sampling sampling, int[] seen, double... expected) {
    try (NDManager step = Torch.newManager()) {
      NDArray logits = step.create(new float[] {2, 1, -1, 0, -2}, new Shape(1, 5));
      float[] found = new TokenSampler(sampling).probabilities(logits, List.of(seen)).toFloatArray();
      for (int id = 0; id < expected.length; id++) {
        assertEquals(expected[id], found[id], 2e-6, "probability of " + id);
      }
    }
  }

  @Test
  void theRangeCountsGeneratedTokensOnly() {
    Reply reply = new Reply(new int[] {7, 8}, 9, null);
    assertEquals(0, reply.penalizedIds(3).length);
    IntStream.of(1, 2, 3).forEach(id -> reply.add(id, Set.of()));
    assertArrayEquals(new int[] {2, 3}, reply.penalizedIds(2));
    assertArrayEquals(new int[] {1, 2, 3}, reply.penalizedIds(4));
    assertArrayEquals(new int[] {7, 8, 1, 2, 3}, reply.penalizedIds(0));
  }

  @Test
  void theDistributionAfterAllStepsIsTheOneByHand() {
    int[] prompt = {20, 21, 22, 23};
    int[] generated = {30, 31, 21, 30};
    float[] logits = model.nextTokenLogits(joined(prompt, generated));
    for (int range : new int[] {1, 2, 4, 50}) {
      Sampling sampling = Sampling.temperature(0.8, 0).withTopK(7).withRepetitionPenalty(1.7, range);
      double[] expected = byHand(logits, latest(generated, range), sampling);
      TokenDistribution next = generator.nextTokenProbabilities(prompt, generated, sampling);
      for (int id = 0; id < expected.length; id++) {
        assertEquals(expected[id], next.probability(id), 1e-5, "range " + range + ", id " + id);
      }
    }
  }

  @Test
  void aGreedyReplyIsThatOfThePlainLoop() {
    boolean changed = false;
    for (int range : new int[] {1, 2, 5, 100}) {
      Sampling sampling = Sampling.greedy().withRepetitionPenalty(1.6, range);
      List<int[]> prompts = List.of(new int[] {40, 41}, new int[] {9, 9, 9, 12, 50}, new int[] {5});
      List<Generation> replies = generator.generate(prompts, sampling, 16);
      for (int row = 0; row < prompts.size(); row++) {
        int[] expected = plainLoop(prompts.get(row), sampling, 16);
        assertArrayEquals(expected, replies.get(row).ids(), "range " + range + ", row " + row);
        changed |= !Arrays.equals(expected, plainLoop(prompts.get(row), Sampling.greedy(), 16));
      }
    }
    assertTrue(changed, "the penalty changes none of the replies: the test shows nothing");
  }

  @Test
  void aSampledReplyIsThatOfThePlainLoop() {
    Sampling sampling = Sampling.temperature(0.9, 5).withTopK(20).withRepetitionPenalty(1.4, 6);
    for (int seed = 0; seed < 5; seed++) {
      int[] prompt = {60 + seed, 61, 62};
      Sampling seeded = sampling.withSeed(seed);
      assertArrayEquals(plainLoop(prompt, seeded, 20), generator.generate(List.of(prompt), seeded, 20).get(0).ids());
    }
  }

  /** The article's generate, one token at a time, without a cache. */
  private static int[] plainLoop(int[] prompt, Sampling sampling, int maxNewTokens) {
    Random random = new Random(sampling.seed());
    int[] generated = new int[0];
    while (generated.length < maxNewTokens) {
      float[] logits = model.nextTokenLogits(joined(prompt, generated));
      double[] p = byHand(logits, latest(generated, sampling.repetitionRange()), sampling);
      int next = sampling.temperature() == 0 ? likeliest(p) : drawn(p, random.nextDouble());
      generated = joined(generated, new int[] {next});
      if (next == tokenizer.eosTokenId().orElse(-1) || model.generationConfig().eosTokenIds().contains(next)) {
        break;
      }
    }
    return generated;
  }

  private static double[] byHand(float[] logits, Set<Integer> penalized, Sampling sampling) {
    double[] scores = new double[logits.length];
    double temperature = sampling.temperature() == 0 ? 1 : sampling.temperature();
    for (int id = 0; id < logits.length; id++) {
      scores[id] = logits[id];
      if (penalized.contains(id)) {
        double penalty = sampling.repetitionPenalty();
        scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
      }
      scores[id] /= temperature;
    }
    double[] ordered = Arrays.stream(scores).sorted().toArray();
    int k = sampling.topK() == 0 ? scores.length : sampling.topK();
    double least = ordered[ordered.length - k];
    double[] weights = Arrays.stream(scores).map(score -> score < least ? 0 : Math.exp(score)).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }

  private static int likeliest(double[] p) {
    return IntStream.range(0, p.length).reduce(0, (a, b) -> p[b] > p[a] ? b : a);
  }

  private static int drawn(double[] p, double uniform) {
    double below = 0;
    for (int id = 0; id < p.length; id++) {
      below += p[id];
      if (uniform < below) {
        return id;
      }
    }
    return p.length - 1;
  }

  private static Set<Integer> latest(int[] generated, int range) {
    Set<Integer> ids = new LinkedHashSet<>();
    for (int at = Math.max(0, generated.length - range); at < generated.length; at++) {
      ids.add(generated[at]);
    }
    return ids;
  }

  private static int[] joined(int[] first, int[] second) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }

  @Test
  void theRangeSparesThePromptAndTransformersPenaltyDoesNot() {
    int[] prompt = {70, 71, 72, 70};
    float[] logits = model.nextTokenLogits(prompt);
    Sampling ranged = Sampling.temperature(1, 0).withRepetitionPenalty(3, 5);
    Sampling everywhere = Sampling.temperature(1, 0).withRepetitionPenalty(3);
    assertDistribution(byHand(logits, Set.of(), ranged), prompt, ranged);
    assertDistribution(byHand(logits, Set.of(70, 71, 72), everywhere), prompt, everywhere);
  }

  private static void assertDistribution(double[] expected, int[] prompt, Sampling sampling) {
    TokenDistribution next = generator.nextTokenProbabilities(prompt, new int[0], sampling);
    for (int id = 0; id < expected.length; id++) {
      assertEquals(expected[id], next.probability(id), 1e-5, "probability of " + id);
    }
  }

  @Test
  void stopTokensOfTheCallerEndAReply() {
    int[] prompt = {40, 41};
    Generation whole = generator.generate(List.of(prompt), Sampling.greedy(), 12).get(0);
    int stop = whole.ids()[4];
    int first = IntStream.range(0, 12).filter(i -> whole.ids()[i] == stop).findFirst().getAsInt();
    Generator stopping = generator.withStopTokens(tokenizer.idToToken(stop));
    Generation cut = stopping.generate(List.of(prompt), Sampling.greedy(), 12).get(0);
    assertArrayEquals(Arrays.copyOf(whole.ids(), first + 1), cut.ids());
    assertEquals(Generation.Stop.END_TOKEN, cut.stop());
    assertArrayEquals(whole.ids(), generator.generate(List.of(prompt), Sampling.greedy(), 12).get(0).ids());
    assertTrue(stopping.toString().contains(tokenizer.idToToken(stop)), stopping.toString());
  }

  @Test
  void theUsualEndsStayAndStopTokensAddUp() {
    String usual = generator.toString();
    String more = generator.withStopTokens(tokenizer.idToToken(5)).withStopTokens(tokenizer.idToToken(6)).toString();
    for (String end : usual.substring(usual.indexOf("at ") + 3).split(", ")) {
      assertTrue(more.contains(end), more);
    }
    assertTrue(more.contains(tokenizer.idToToken(5)) && more.contains(tokenizer.idToToken(6)));
  }

  @Test
  void unknownStopTokensAreNamed() {
    assertRefused("[EOT]", () -> generator.withStopTokens("[EOT]"));
  }

  @Test
  void aTopKBeyondTheVocabularyNamesBoth() {
    Sampling wide = Sampling.temperature(1, 0).withTopK(tokenizer.size() + 1);
    String size = String.valueOf(tokenizer.size());
    for (Sampling sampling : List.of(wide, Sampling.greedy().withTopK(tokenizer.size() + 1))) {
      String message = assertRefused(size, () -> generator.generate(List.of(new int[] {5}), sampling, 1));
      assertTrue(message.contains(String.valueOf(tokenizer.size() + 1)), message);
      assertRefused(size, () -> generator.nextTokenProbabilities(new int[] {5}, new int[0], sampling));
    }
    Sampling all = Sampling.temperature(1, 3).withTopK(tokenizer.size());
    assertArrayEquals(generator.generate(List.of(new int[] {5}), Sampling.temperature(1, 3), 5).get(0).ids(),
        generator.generate(List.of(new int[] {5}), all, 5).get(0).ids());
  }

  @Test
  void aPromptBeyondTheModelsLimitNamesBoth() {
    int[] longer = IntStream.range(0, 300).map(i -> 4 + i % 90).toArray();
    int[] all = Arrays.copyOf(longer, 299);
    for (String number : List.of("300", "256")) {
      assertRefused(number, () -> generator.generate(List.of(longer), Sampling.greedy(), 1));
      assertRefused(number, () -> generator.nextTokenProbabilities(longer));
      assertRefused(number, () -> generator.nextTokenProbabilities(all, new int[] {4}, Sampling.greedy()));
    }
  }

  private static String assertRefused(String part, org.junit.jupiter.api.function.Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
    return message;
  }

  @Test
  void theSameSeedGivesTheSameRepliesToABatch() {
    List<int[]> prompts = List.of(new int[] {5}, new int[] {6, 7}, new int[] {8});
    Sampling sampling = Sampling.temperature(1.2, 4).withTopK(50).withRepetitionPenalty(1.3, 8);
    List<Generation> first = generator.generate(prompts, sampling, 10);
    List<Generation> again = generator.generate(prompts, sampling, 10);
    List<Generation> other = generator.generate(prompts, sampling.withSeed(5), 10);
    for (int row = 0; row < prompts.size(); row++) {
      assertArrayEquals(first.get(row).ids(), again.get(row).ids());
    }
    assertNotEquals(texts(first), texts(other));
  }

  private static List<String> texts(List<Generation> replies) {
    return replies.stream().map(reply -> Arrays.toString(reply.ids())).toList();
  }
}
