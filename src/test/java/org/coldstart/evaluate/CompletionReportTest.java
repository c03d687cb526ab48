package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.coldstart.data.DataSet;
import org.coldstart.generate.Generation;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LlamaConfig;
import org.coldstart.tokenizer.BpeTrainer;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** What counts as right, and as ended. */
class CompletionReportTest {

  @Test
  void rightIsEqualButForBlanksAround() {
    assertTrue(completion(" Anna has a goat.\n").right());
    assertFalse(completion("Anna has a goat").right());
    assertFalse(completion("Anna has a goat. She").right());
    assertFalse(completion("").right());
  }

  @Test
  void sharesCountAllCompletions() {
    CompletionReport report = new CompletionReport(
        List.of(completion("Anna has a goat."), completion("Anna"), completion("Ben")));
    assertEquals(new Proportion(1, 3), report.right());
    assertEquals(new Proportion(3, 3), report.ended());
  }

  private static CompletionReport.Completion completion(String text) {
    return new CompletionReport.Completion("Question", "Anna has a goat.",
        new Generation(new int[] {1}, text, Generation.Stop.END_TOKEN));
  }

  @Test
  void everyRowIsCompleted() {
    DataSet rows = DataSet.fromList(
        List.of(Map.of("prompt", "a", "completion", " b"), Map.of("prompt", "a longer one", "completion", "c")));
    try (Tokenizer tokenizer = new BpeTrainer().vocabSize(300).train(List.of("a longer one", "b"));
        CausalLm model = CausalLm.fromConfig(new LlamaConfig().vocabSize(300).numHiddenLayers(1).build(), 1)) {
      CompletionReport report = CompletionReport.of(model, tokenizer, rows, 4);
      assertEquals("b", report.completions().get(0).expected());
      assertEquals(4, report.completions().get(1).reply().ids().length);
      assertEquals(new Proportion(0, 2), report.ended());
    }
  }
}
