package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ReasoningRole;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Responses;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A stopped evaluation gives no figure: replies that the stop cut off would count as wrong. */
class InterruptedEvaluationTest {

  private static final DataSet ROWS = DataSet
    .fromList(List.of(Map.of("instruction", "Hi", "output", "5", "prompt", "a", "completion", "b"),
        Map.of("instruction", "So?", "output", "6", "prompt", "c", "completion", "d")));

  private static Tokenizer tokenizer;
  private static CausalLm model;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.chat();
    ReasoningRole.prepareConversationTemplate(tokenizer);
    model = ParityCase.of("llama-untied").model();
    model.resizeTokenEmbeddings(tokenizer);
  }

  @AfterAll
  static void close() {
    model.close();
    tokenizer.close();
  }

  @Test
  void replies() {
    Generator generator = new Generator(model, tokenizer);
    assertCancelled(() -> ReplyReport.of(generator, ROWS, Sampling.greedy(), 4));
    assertEquals(2, ReplyReport.of(generator, ROWS, Sampling.greedy(), 4).replies().size());
  }

  @Test
  void twoPhaseReplies() {
    TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
    assertCancelled(() -> ReasoningReport.of(generator, ROWS, "instruction", "output", Sampling.greedy(), 4));
  }

  @Test
  void completions() {
    assertCancelled(() -> CompletionReport.of(model, tokenizer, ROWS, 4));
  }

  @Test
  void questionsOfARegressionCheck() {
    assertCancelled(() -> RegressionCheck.of(model, tokenizer, List.of("Hi", "So?"), List.of("a b"), 4));
    assertCancelled(() -> Responses.testModelWithQuestions(model, tokenizer, List.of("Hi", "So?")));
  }

  @Test
  void teacherForcedProbabilities() {
    boolean[] mask = new boolean[5];
    Arrays.fill(mask, true);
    List<Example> examples = List.of(new Example(new int[] {9, 1, 11, 12, 1}, mask));
    assertCancelled(
        () -> TeacherForcedProbability.probabilities(model, tokenizer, examples, List.of(TinyTokenizer.END), 2));
  }

  private static void assertCancelled(Executable evaluation) {
    Thread.currentThread().interrupt();
    String message = assertThrows(CancellationException.class, evaluation).getMessage();
    assertTrue(message.startsWith("Interrupted before all"), message);
    assertFalse(Thread.interrupted(), "the interrupt is consumed");
  }
}
