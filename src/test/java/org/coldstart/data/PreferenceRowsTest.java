package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The rules that {@code data/preferences/README.md} gives for its pairs, on the pairs. */
class PreferenceRowsTest {

  private static final DataSet TRAIN = DataSet.load("data/preferences", "train");
  private static final DataSet TEST = DataSet.load("data/preferences", "test");
  private static final Pattern TOKEN = Pattern.compile("(?U)\\w+|[^\\w\\s]");
  private static final String NAMES = "Elena|SmolLM|Alex|Emily|Max|Luna|Ember|Sophia|Leo|Maya|Grace|Sam";
  private static final String NO_NAMES = "a friendly AI|an AI assistant|a language model|a helpful assistant|a chatbot"
      + "|an AI";

  @Test
  void thePartsHaveTheSizesOfTheReadme() {
    assertEquals(171, TRAIN.size());
    assertEquals(41, TEST.size());
    assertEquals(112, questions(TRAIN).size());
    assertEquals(24, questions(TEST).size());
    assertEquals(112, TRAIN.filter(row -> row.text("differs").equals("another name")).size());
    assertEquals(24, TEST.filter(row -> row.text("differs").equals("another name")).size());
    assertEquals(List.of("prompt", "chosen", "rejected", "differs"), TRAIN.columns());
  }

  @Test
  void theRepliesOfAPairDifferInTheNameAlone() {
    for (DataSet part : List.of(TRAIN, TEST)) {
      for (DataRow row : part) {
        String[] around = row.text("chosen").split("Nora", -1);
        assertEquals(2, around.length, row::toString);
        String inItsPlace = row.text("differs").equals("another name") ? NAMES : NO_NAMES;
        String pattern = Pattern.quote(around[0]) + "(" + inItsPlace + ")" + Pattern.quote(around[1]);
        assertTrue(row.text("rejected").matches(pattern), row::toString);
      }
    }
  }

  @Test
  void noHeldOutQuestionIsNearlyOneOfTraining() {
    for (String held : questions(TEST)) {
      for (String trained : questions(TRAIN)) {
        assertTrue(similarity(tokens(held), tokens(trained)) <= 0.7, held + " / " + trained);
      }
    }
  }

  @Test
  void noQuestionIsOneThatMeasuresTheRest() throws IOException {
    List<String> checkup = Files.readAllLines(Path.of("data/facts/questions.txt"));
    for (DataSet part : List.of(TRAIN, TEST)) {
      assertTrue(Collections.disjoint(checkup, questions(part)));
    }
  }

  private static Set<String> questions(DataSet part) {
    return part.stream().map(row -> row.text("prompt")).collect(Collectors.toSet());
  }

  /** Shared tokens among all tokens, from 0 to 1. */
  private static double similarity(Set<String> a, Set<String> b) {
    long shared = a.stream().filter(b::contains).count();
    return (double) shared / (a.size() + b.size() - shared);
  }

  private static Set<String> tokens(String text) {
    return TOKEN.matcher(text.toLowerCase(Locale.ROOT)).results().map(MatchResult::group)
      .collect(Collectors.toCollection(HashSet::new));
  }
}
