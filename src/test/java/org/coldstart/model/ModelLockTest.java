package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.coldstart.data.Example;
import org.coldstart.evaluate.TeacherForcedProbability;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** A training run holds the model's lock; what computes with the model beside it waits. */
class ModelLockTest {

  private static final int[] IDS = {5, 6, 7};

  @Test
  void nextTokenProbabilitiesWait() throws Exception {
    try (CausalLm model = ParityCase.of("llama-tied").model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      Generator generator = new Generator(model, tokenizer);
      assertWaits(model, () -> generator.nextTokenProbabilities(IDS));
      assertWaits(model, () -> generator.nextTokenProbabilities(IDS, new int[] {8}, Sampling.greedy()));
    }
  }

  @Test
  void measuringWaits() throws Exception {
    try (CausalLm model = ParityCase.of("llama-tied").model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      Example example = new Example(IDS, new boolean[] {false, true, true});
      List<String> tokens = List.of(tokenizer.idToToken(6));
      assertWaits(model, () -> TeacherForcedProbability.probabilities(model, tokenizer, List.of(example), tokens, 1));
    }
  }

  private static void assertWaits(CausalLm model, Runnable work) throws Exception {
    CompletableFuture<Void> beside;
    synchronized (model) {
      beside = CompletableFuture.runAsync(work);
      TimeUnit.MILLISECONDS.sleep(500);
      assertFalse(beside.isDone(), "computed while another thread held the model");
    }
    beside.get(60, TimeUnit.SECONDS);
    assertTrue(beside.isDone());
  }

  /** The rows of tokens trained alone lie in the matrix: looking at it writes nothing. */
  @Test
  void lookingAtWeightsWritesNothing() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      model.setTrainable(Trainable.tokenRows(5));
      var rows = model.trainableParameters().values().iterator().next();
      float before = model.embedding().getFloat(5, 0);
      rows.set(new float[(int) rows.size()]);
      assertTrue(before != 0 && model.embedding().getFloat(5, 0) == before);
      assertTrue(model.parameters().get("model.embed_tokens.weight").getFloat(5, 0) == before);
      model.trainable().writeTokens();
      assertTrue(model.embedding().getFloat(5, 0) == 0);
    }
  }
}
