package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the generator promises around the model: limits, streams, seeds, interruption. */
class GeneratorTest {

  private static final List<Message> CHAT = List.of(Message.user("Hello!"));
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
  void aReplyHasAtMostTheTokensAllowed() {
    Generation reply = reply(List.of(lastingPrompt()), 7, 0);
    assertEquals(7, reply.ids().length);
    assertEquals(Generation.Stop.LENGTH, reply.stop());
    assertFalse(reply.ended());
  }

  /** Rows behind the tokenizer's own, as in Qwen's checkpoints, can be the likeliest of all. */
  @Test
  void aRowWithoutATokenIsNeverWritten() {
    try (CausalLm spacious = ParityCase.of("llama-untied").model()) {
      int size = tokenizer.size();
      spacious.resizeTokenEmbeddings(size + 200);
      NDArray head = spacious.headWeight();
      try (NDArray loud = TorchOps.slice(head, 0, 0, 99).mul(100)) {
        TorchOps.write(head, loud, 0, size);
        TorchOps.write(head, loud, 0, size + 99);
      }
      int[] prompt = lastingPrompt();
      float[] logits = spacious.nextTokenLogits(prompt);
      int likeliest = IntStream.range(0, logits.length).reduce(0, (a, b) -> logits[b] > logits[a] ? b : a);
      assertTrue(likeliest >= size, "a row to spare is the likeliest: " + likeliest);
      for (Sampling sampling : List.of(Sampling.greedy(), Sampling.temperature(1.0, 1))) {
        Generation reply = new Generator(spacious, tokenizer).generate(List.of(prompt), sampling, 5).get(0);
        assertTrue(Arrays.stream(reply.ids()).allMatch(id -> id < size));
      }
    }
  }

  @Test
  void aTokenWithoutARowIsRefusedWithTheWayOut() {
    try (CausalLm small = ParityCase.of("llama-untied").model()) {
      Generator lacking = new Generator(small, tokenizer);
      String message = assertThrows(IllegalArgumentException.class,
          () -> lacking.generate(List.of(new int[] {5, 300}), Sampling.greedy(), 3))
        .getMessage();
      assertTrue(message.contains("584 tokens") && message.contains("99 rows"), message);
      assertTrue(message.contains("model.resizeTokenEmbeddings(tokenizer)"), message);
      assertThrows(IllegalArgumentException.class, () -> lacking.nextTokenProbabilities(new int[] {300}));
    }
  }

  @Test
  void aReplyStopsWhereTheModelsPositionsEnd() {
    int limit = model.config().maxPositionEmbeddings();
    int[] nearlyFull = IntStream.range(0, limit - 3).map(i -> 4 + i % 90).toArray();
    Generation cut = reply(List.of(nearlyFull), 20, 0);
    assertEquals(3, cut.ids().length);
    assertEquals(Generation.Stop.LENGTH, cut.stop());
  }

  @Test
  void aLongNeighbourTakesNoRoomFromAShortPrompt() {
    int[] nearlyFull = IntStream.range(0, model.config().maxPositionEmbeddings() - 3).map(i -> 4 + i % 90).toArray();
    int[] brief = lastingPrompt();
    int[] alone = reply(List.of(brief), 20, 0).ids();
    assertArrayEquals(alone, reply(List.of(nearlyFull, brief), 20, 1).ids());
    assertArrayEquals(alone, reply(List.of(brief, nearlyFull), 20, 0).ids());
  }

  /** A short prompt whose greedy reply does not end within twenty tokens. */
  private static int[] lastingPrompt() {
    return IntStream.range(4, 90)
      .mapToObj(id -> new int[] {id, id + 1})
      .filter(prompt -> reply(List.of(prompt), 20, 0).ids().length == 20)
      .findFirst()
      .orElseThrow();
  }

  private static Generation reply(List<int[]> prompts, int maxNewTokens, int row) {
    return generator.generate(prompts, Sampling.greedy(), maxNewTokens).get(row);
  }

  @Test
  void promptsThatCannotBeContinuedAreRefused() {
    int[] full = new int[model.config().maxPositionEmbeddings()];
    assertMessage("at least one token", List.of(new int[] {5}, new int[0]), 5);
    assertMessage("256 tokens", List.of(full), 5);
    assertMessage("maxNewTokens", List.of(new int[] {5}), 0);
    assertThrows(IllegalArgumentException.class, () -> generator.nextTokenProbabilities(new int[0]));
  }

  private static void assertMessage(String part, List<int[]> prompts, int maxNewTokens) {
    String message = assertThrows(IllegalArgumentException.class,
        () -> generator.generate(prompts, Sampling.greedy(), maxNewTokens))
      .getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void noPromptsNoReplies() {
    assertEquals(List.of(), generator.generate(List.of(), Sampling.greedy(), 5));
  }

  @Test
  void theSameSeedWritesTheSameReply() {
    int[] first = chat(3, text -> {}).ids();
    assertArrayEquals(first, chat(3, text -> {}).ids());
    assertFalse(Arrays.equals(first, chat(4, text -> {}).ids()));
  }

  @Test
  void streamedPiecesJoinToTheTextWhereverItIsCut() {
    for (int seed = 0; seed < 20; seed++) {
      StringBuilder streamed = new StringBuilder();
      Generation reply = chat(seed, streamed::append);
      assertEquals(reply.text(), streamed.toString(), "seed " + seed);
    }
  }

  /** Hot enough that half characters turn up. */
  private static Generation chat(int seed, Consumer<String> listener) {
    return generator.chat(CHAT, Sampling.temperature(3, seed), 15, listener);
  }

  @Test
  void anInterruptKeepsWhatThereIsAndIsConsumed() {
    List<String> pieces = new ArrayList<>();
    Generation reply = generator.chat(CHAT, Sampling.temperature(1, 1), 100, text -> {
      pieces.add(text);
      Thread.currentThread().interrupt();
    });
    assertEquals(Generation.Stop.INTERRUPTED, reply.stop());
    assertEquals(String.join("", pieces), reply.text());
    assertEquals(1, pieces.size(), "the reply ends with the token at hand");
    assertFalse(Thread.interrupted());
  }

  @Test
  void anInterruptEndsAllBatches() {
    List<int[]> prompts = List.of(lastingPrompt(), lastingPrompt(), lastingPrompt());
    for (int batchSize = 1; batchSize <= 3; batchSize++) {
      int size = batchSize;
      Thread.currentThread().interrupt();
      String message = assertThrows(CancellationException.class,
          () -> generator.generate(prompts, Sampling.greedy(), 5, size))
        .getMessage();
      assertEquals("Interrupted before all replies were written.", message);
      assertFalse(Thread.interrupted(), "and is consumed");
    }
    assertEquals(5, reply(prompts, 5, 2).ids().length, "the generator is as usable as before");
  }

  @Test
  void batchesDrawTheirOwnNumbersAndTheSameOnesAgain() {
    List<int[]> prompts = List.of(lastingPrompt(), lastingPrompt(), lastingPrompt());
    List<Generation> first = generator.generate(prompts, Sampling.temperature(1.5, 3), 12, 1);
    assertFalse(Arrays.equals(first.get(0).ids(), first.get(1).ids()));
    assertFalse(Arrays.equals(first.get(1).ids(), first.get(2).ids()));
    List<Generation> again = generator.generate(prompts, Sampling.temperature(1.5, 3), 12, 1);
    for (int i = 0; i < prompts.size(); i++) {
      assertArrayEquals(first.get(i).ids(), again.get(i).ids());
    }
  }

  /** A training run that was stopped may still be at its last batch. */
  @Test
  void nothingIsReadWhileAnotherThreadHasTheModel() throws InterruptedException {
    for (Runnable use : List.<Runnable>of(() -> generator.nextTokenProbabilities(CHAT),
        () -> generator.nextTokenProbabilities(new int[] {5}, new int[0], Sampling.greedy()),
        () -> generator.chat(CHAT, Sampling.greedy(), 1))) {
      Thread reader = new Thread(use);
      synchronized (model) {
        reader.start();
        long end = System.nanoTime() + 10_000_000_000L;
        while (reader.getState() != Thread.State.BLOCKED && System.nanoTime() < end) {
          assertTrue(reader.isAlive(), "it waits for the model");
          Thread.sleep(1);
        }
        assertEquals(Thread.State.BLOCKED, reader.getState());
      }
      reader.join();
    }
  }

  @Test
  void probabilitiesAddUpAndComeLikeliestFirst() {
    TokenDistribution next = generator.nextTokenProbabilities(CHAT);
    List<TokenDistribution.Candidate> all = next.top(1000);
    assertEquals(tokenizer.size(), all.size());
    assertEquals(1, all.stream().mapToDouble(TokenDistribution.Candidate::probability).sum(), 1e-5);
    for (int i = 1; i < all.size(); i++) {
      assertTrue(all.get(i).probability() <= all.get(i - 1).probability());
    }
    assertEquals(all.get(0).probability(), next.probability(tokenizer.idToToken(all.get(0).id())));
  }
}
