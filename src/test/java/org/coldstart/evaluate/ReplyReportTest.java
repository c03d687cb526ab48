package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.coldstart.generate.Generation;
import org.junit.jupiter.api.Test;

class ReplyReportTest {

  private static ReplyReport.ScoredReply reply(String expected, String text, Generation.Stop stop) {
    return new ReplyReport.ScoredReply("question", expected, new Generation(new int[0], text, stop));
  }

  private static ReplyReport.ScoredReply ended(String expected, String text) {
    return reply(expected, text, Generation.Stop.END_TOKEN);
  }

  @Test
  void aTaughtReplyWithTheRightAnswerIsExact() {
    ReplyReport.ScoredReply right = ended("24", "<think>48 / 2 = 24</think><answer>24</answer>");
    assertTrue(right.wellFormed() && right.exact() && right.mentioned());
  }

  @Test
  void caseAndAFinalPeriodAreForgivenButNothingElse() {
    assertTrue(ended("Tuesday", "<think>x</think><answer>tuesday.</answer>").exact());
    assertFalse(ended("24", "<think>x</think><answer>24 km</answer>").exact());
    assertFalse(ended("2.5", "<think>x</think><answer>25</answer>").exact());
  }

  @Test
  void aReplyThatDidNotEndByItselfIsNotWellFormed() {
    String text = "<think>x</think><answer>24</answer>";
    assertFalse(reply("24", text, Generation.Stop.LENGTH).wellFormed());
    assertFalse(reply("24", text, Generation.Stop.LENGTH).exact());
  }

  @Test
  void tagsOutOfOrderOrTwiceAreNotWellFormed() {
    assertFalse(ended("1", "<answer>1</answer><think>x</think>").wellFormed());
    assertFalse(ended("1", "<think>x</think><answer>1</answer><answer></answer>").wellFormed());
    assertFalse(ended("1", "<think>x<think></think><answer>1</answer>").wellFormed());
    assertFalse(ended("1", "<think> </think><answer>1</answer>").wellFormed());
    assertFalse(ended("1", "So: <think>x</think><answer>1</answer>").wellFormed());
  }

  @Test
  void mentionedMeansWordsOfTheirOwn() {
    assertTrue(ended("24", "The result is 24.").mentioned());
    assertTrue(ended("Anna, 3 more", "I say: Anna, 3 more!").mentioned());
    assertFalse(ended("24", "The result is 240.").mentioned());
    assertFalse(ended("2", "The result is 2.5").mentioned());
  }

  @Test
  void aReportCountsEach() {
    ReplyReport report = new ReplyReport(List.of(ended("1", "<think>x</think><answer>1</answer>"),
        ended("1", "<think>x</think><answer>2</answer>"), reply("1", "1 1 1", Generation.Stop.LENGTH)));
    assertEquals(new Proportion(2, 3), report.wellFormed());
    assertEquals(new Proportion(1, 3), report.exact());
    assertEquals(new Proportion(2, 3), report.mentioned());
    assertEquals(new Proportion(2, 3), report.ended());
    assertEquals(3, report.toTable().rowCount());
  }

  @Test
  void reasoningHoldsWhereAnExactAnswerComesOfTrueSteps() {
    assertTrue(ended("5", "<think>2 + 3 = 5.</think><answer>5</answer>").reasoningHolds());
    assertFalse(ended("5", "<think>2 + 2 = 5.</think><answer>5</answer>").reasoningHolds(), "a false step");
    assertFalse(ended("5", "<think>Five.</think><answer>5</answer>").reasoningHolds(), "no step");
    assertFalse(ended("5", "<think>2 + 4 = 6.</think><answer>6</answer>").reasoningHolds(), "not the answer");
    assertFalse(ended("5", "2 + 3 = 5").reasoningHolds(), "no form");
  }
}
