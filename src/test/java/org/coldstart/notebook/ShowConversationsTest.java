package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.data.DataException;
import org.coldstart.data.DataSet;
import org.coldstart.generate.Responses.Answer;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

/** Conversations and answers as a notebook shows them. */
class ShowConversationsTest {

  private static Map<String, String> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  @SafeVarargs
  private static DataSet chat(Map<String, String>... messages) {
    return DataSet.fromList(List.of(Map.of("messages", List.of(messages))));
  }

  private static int lines(Rich shown) {
    return shown.content().split("<tr ", -1).length - 2;
  }

  @Test
  void longTextsAreShownWhole() {
    String question = "Why " + "so ".repeat(3000) + "<b>long</b>?";
    String answer = "x".repeat(20_000) + "\n  indented\n\n" + "思".repeat(5_000);
    Rich shown = Show.displayDataset(chat(message("user", question), message("assistant", answer)));
    assertTrue(shown.content().contains(Rich.escape(question)));
    assertTrue(shown.content().contains(answer));
    assertFalse(shown.content().contains("<b>"));
    assertTrue(shown.content().contains("overflow-wrap:anywhere"));
    assertTrue(shown.content().contains("white-space:pre-wrap"));
    assertTrue(shown.content().contains(">User Prompt</th>"));
    assertTrue(shown.content().contains(">Assistant Response</th>"));
    assertEquals("User Prompt: " + question + "\nAssistant Response: " + answer, shown.toString());
  }

  @Test
  void threeRowsUnlessToldOtherwise() {
    DataSet rows = DataSet
      .fromList(IntStream.range(0, 30).mapToObj(i -> Map.of("messages", List.of(message("user", "q" + i)))).toList());
    assertEquals(3, lines(Show.displayDataset(rows)));
    assertEquals(30, lines(Show.displayDataset(rows, 100)), "no limit of its own");
    assertEquals(2, lines(Show.displayDataset(rows.select(0, 2))));
    assertTrue(Show.displayDataset(rows, 30).content().contains(">q29<"));
  }

  @Test
  void everyTurnHasItsLine() {
    Rich shown = Show.displayDataset(chat(message("system", "Be kind."), message("user", "A"),
        message("assistant", "B"), message("user", "C"), message("assistant", "D"), message("user", "E")));
    assertEquals(3, lines(shown));
    assertEquals("User Prompt: [system] Be kind.\n\nA\nAssistant Response: B\n\n"
        + "User Prompt: C\nAssistant Response: D\n\nUser Prompt: E\nAssistant Response: ", shown.toString());
  }

  @Test
  void aLineClosesAConversation() {
    DataSet rows = chat(message("user", "A"), message("assistant", "B"), message("user", "C"),
        message("assistant", "D"));
    String shown = Show.displayDataset(rows).content();
    int body = shown.indexOf("<tbody>");
    assertFalse(shown.substring(body, shown.indexOf(">B<")).contains(Rich.LINE_BELOW), "the talk goes on");
    assertTrue(shown.substring(shown.indexOf(">B<")).contains(Rich.LINE_BELOW));
  }

  @Test
  void otherShapesOfTheSameAreRead() {
    DataSet pair = DataSet.fromList(List.of(Map.of("prompt", "P", "completion", "C")));
    assertEquals("User Prompt: P\nAssistant Response: C", Show.displayDataset(pair).toString());
    DataSet shared = DataSet.fromList(List.of(
        Map.of("conversations", List.of(Map.of("from", "human", "value", "P"), Map.of("from", "gpt", "value", "C")))));
    assertEquals("User Prompt: P\nAssistant Response: C", Show.displayDataset(shared).toString());
  }

  @Test
  void aRowThatIsNoConversationIsNamed() {
    DataSet rows = DataSet.fromList(List.of(Map.of("question", "Q")));
    String message = assertThrows(DataException.class, () -> Show.displayDataset(rows)).getMessage();
    assertTrue(message.startsWith("Row 1: no columns to learn from"), message);
    DataSet odd = chat(message("poet", "Q"));
    message = assertThrows(DataException.class, () -> Show.displayDataset(odd)).getMessage();
    assertTrue(message.contains("unknown role 'poet'"), message);
  }

  @Test
  void answersStandQuestionByQuestionAndCutOnesAreMarked() {
    Map<String, List<Answer>> answers = new LinkedHashMap<>();
    answers.put("before", List.of(new Answer("Q", "and on and on", false), new Answer("R", "", true)));
    answers.put("after", List.of(new Answer("Q", "A.", true), new Answer("R", "B.", true)));
    Table table = Show.compare(answers);
    assertEquals(List.of("question", "before", "after", "question", "before", "after"),
        table.stringColumn(0).asList());
    assertEquals(List.of("Q", "and on and on ✂", "A.", "R", "(nothing)", "B."), table.stringColumn(1).asList());
    answers.put("other", List.of(new Answer("Q", "A", true)));
    assertThrows(IllegalArgumentException.class, () -> Show.compare(answers));
  }
}
