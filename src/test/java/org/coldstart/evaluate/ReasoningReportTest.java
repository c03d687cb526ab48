package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.coldstart.data.DataSet;
import org.coldstart.data.ReasoningRole;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.generate.TwoPhaseReply;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** What counts as well-formed and as right, and that batches change nothing. */
class ReasoningReportTest {

  private static ReasoningReport.Scored scored(String reasoning, String answer, boolean ended) {
    Generation thought = new Generation(new int[] {7, 1}, reasoning, Generation.Stop.END_TOKEN);
    Generation said = new Generation(new int[] {8, 1}, answer,
        ended ? Generation.Stop.END_TOKEN : Generation.Stop.LENGTH);
    return new ReasoningReport.Scored("2 + 3?", "5", new TwoPhaseReply(thought, said, 9, 9, 3));
  }

  @Test
  void rightNeedsBothPhasesAndTheAnswerAlone() {
    ReasoningReport report = new ReasoningReport(List.of(scored("2 and 3", " 5. ", true),
        scored("2 and 3", "5 I think", true), scored("2 and 3", "5", false), scored(" ", "5", true)));
    assertEquals(2, report.wellFormed().hits());
    assertEquals(1, report.exact().hits());
    assertEquals(4, report.newTokens());
    assertEquals(List.of("question", "reasoning", "answer", "expected", "well-formed", "exact"),
        report.toTable().columnNames());
  }

  @Test
  void whoIsAskedBesideChangesNoGreedyReply() {
    DataSet rows = DataSet.fromList(List.of(Map.of("q", "Hi", "a", "5"), Map.of("q", "How many are there?", "a", "6"),
        Map.of("q", "2 + 3?", "a", "5")));
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-untied").model()) {
      ReasoningRole.prepareConversationTemplate(tokenizer);
      model.resizeTokenEmbeddings(tokenizer);
      TwoPhaseGenerator generator = new TwoPhaseGenerator(model, tokenizer);
      ReasoningReport together = ReasoningReport.of(generator, rows, "q", "a", Sampling.greedy(), 6);
      for (int i = 0; i < rows.size(); i++) {
        ReasoningReport alone = ReasoningReport.of(generator, rows.select(i, i + 1), "q", "a", Sampling.greedy(), 6);
        assertEquals(rows.get(i).text("a"), together.replies().get(i).expected());
        assertArrayEquals(alone.replies().get(0).reply().answer().ids(),
            together.replies().get(i).reply().answer().ids());
      }
    }
  }
}
