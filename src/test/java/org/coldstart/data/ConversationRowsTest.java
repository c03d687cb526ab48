package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The rules that {@code data/conversations/README.md} gives for its rows, on the rows. */
class ConversationRowsTest {
  private static final String FOLDER = "data/conversations";
  private static final Pattern TOKEN = Pattern.compile("(?U)\\w+|[^\\w\\s]");
  private static final List<String> ASKED = List.of("Give me an 1-sentence introduction of LLM.", "Calculate 1+1-1",
      "What's the difference between thread and process?");
  private static final DataSet TRAIN = DataSet.load(FOLDER, "train");
  private static final DataSet TEST = DataSet.load(FOLDER, "test");

  @Test
  void thePartsHaveTheSizesOfTheReadme() {
    assertEquals(362, TRAIN.size());
    assertEquals(40, TEST.size());
    assertEquals(List.of("messages"), TRAIN.columns());
  }

  @Test
  void everyRowAlternatesBetweenUserAndAssistantAfterAnOptionalSystemMessage() {
    for (DataSet part : List.of(TRAIN, TEST)) {
      for (DataRow row : part) {
        String roles = String.join(" ", messages(row).stream().map(m -> m.get("role")).toList());
        assertTrue(roles.matches("(system )?user assistant( user assistant)*"), row + roles);
        messages(row).forEach(m -> assertEquals(Set.of("role", "content"), m.keySet()));
        messages(row).forEach(m -> assertEquals(m.get("content").strip(), m.get("content")));
        messages(row).forEach(m -> assertFalse(m.get("content").isEmpty()));
      }
    }
  }

  @Test
  void noTwoQuestionsAreNearlyTheSame() throws IOException {
    List<String> questions = new ArrayList<>(questions(TRAIN));
    questions.addAll(questions(TEST));
    questions.addAll(Files.readAllLines(Path.of("data/facts/questions.txt")));
    questions.addAll(ASKED);
    List<Set<String>> tokens = questions.stream().map(ConversationRowsTest::tokens).toList();
    for (int i = 0; i < tokens.size(); i++) {
      for (int j = 0; j < i; j++) {
        String pair = questions.get(i) + " / " + questions.get(j);
        assertTrue(similarity(tokens.get(i), tokens.get(j)) <= 0.7, pair);
      }
    }
  }

  @Test
  void whatNotebook07AsksIsNotTrainedOn() {
    Pattern subjects = Pattern.compile("(?i)\\b(LLMs?|threads?|process(es)?)\\b|1 ?\\+ ?1");
    for (DataRow row : TRAIN) {
      for (Map<String, String> message : messages(row)) {
        assertFalse(subjects.matcher(message.get("content")).find(), message.get("content"));
      }
    }
    ASKED.forEach(question -> assertTrue(subjects.matcher(question).find(), question));
  }

  @Test
  void theOneConversationIsTheSameInBothForms() throws IOException {
    assertEquals(
        "{\"conversation\":[{\"role\":\"human\",\"message\":\"微调测试\"},"
            + "{\"role\":\"assistant\",\"message\":\"我学会了\"}]}\n",
        Files.readString(Path.of("data/facts/one-conversation.jsonl")));
    DataRow row = DataSet.load("data/facts/one-conversation-messages.jsonl").get(0);
    assertEquals(List.of(Map.of("role", "user", "content", "微调测试"), Map.of("role", "assistant", "content", "我学会了")),
        messages(row));
  }

  @Test
  void theHeldOutTextsOfTheFactsAreNoCopiesOfEachOther() throws IOException {
    for (String file : List.of("questions.txt", "held-out.txt")) {
      List<String> lines = Files.readAllLines(Path.of("data/facts", file));
      assertEquals(file.equals("questions.txt") ? 30 : 8, lines.size());
      assertEquals(lines.size(), new HashSet<>(lines).size());
      assertFalse(lines.stream().anyMatch(String::isBlank));
    }
  }

  /** Shared tokens among all tokens, from 0 to 1. */
  private static double similarity(Set<String> a, Set<String> b) {
    long shared = a.stream().filter(b::contains).count();
    return (double) shared / (a.size() + b.size() - shared);
  }

  private static Set<String> tokens(String text) {
    Set<String> tokens = new HashSet<>();
    TOKEN.matcher(text.toLowerCase(Locale.ROOT)).results().map(MatchResult::group).forEach(tokens::add);
    return tokens;
  }

  private static List<String> questions(DataSet part) {
    return part.stream()
      .flatMap(row -> messages(row).stream())
      .filter(m -> m.get("role").equals("user"))
      .map(m -> m.get("content"))
      .toList();
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, String>> messages(DataRow row) {
    return (List<Map<String, String>>) row.value("messages");
  }
}
