package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProblemKindTest {
  static List<ProblemKind> kinds() {
    return ProblemKind.all();
  }

  @Test
  void thereAreTwentyKindsWithNamesOfTheirOwn() {
    assertEquals(20, kinds().stream().map(ProblemKind::name).distinct().count());
    assertEquals(ProblemKind.class.getPermittedSubclasses().length, kinds().size());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void sameSeedSameProblem(ProblemKind kind) {
    Draw one = new Draw(3);
    Draw two = new Draw(3);
    for (int i = 0; i < 50; i++) {
      assertEquals(kind.make(one).verifiedRow(), kind.make(two).verifiedRow());
    }
  }

  /** Otherwise the short wordings would hardly ever reach the data set. */
  @ParameterizedTest
  @MethodSource("kinds")
  void mostProblemsAreLongEnough(ProblemKind kind) {
    Draw draw = new Draw(5);
    long kept = IntStream.range(0, 1000)
      .filter(i -> RowRules.lengthProblem(kind.make(draw).verifiedRow()).isEmpty())
      .count();
    assertTrue(kept >= 900, kind.name() + " keeps only " + kept + " of 1000 problems");
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void sentencesStartWithACapitalAndArticlesFit(ProblemKind kind) {
    Draw draw = new Draw(8);
    for (int i = 0; i < 500; i++) {
      Problem problem = kind.make(draw);
      for (String text : List.of(problem.instruction(), problem.reasoning())) {
        assertFalse(text.matches(".*[.?] [a-z].*"), text);
        assertTrue(text.matches("[A-Z0-9].*[.?]"), text);
        assertFalse(text.matches("(?i).*(?<!letter |every )\\ba [aeio].*"), text);
        assertFalse(text.contains("%") && !kind.name().equals("percent"), text);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aWrongAnswerFailsItsCheck(ProblemKind kind) {
    Draw draw = new Draw(11);
    for (int i = 0; i < 100; i++) {
      Problem problem = kind.make(draw);
      String output = problem.output();
      String wrong = spoil(output);
      Problem spoilt = new Problem(problem.instruction(), problem.reasoning(), wrong, problem.chain(), problem.check());
      IllegalStateException error = assertThrows(IllegalStateException.class, spoilt::verifiedRow);
      assertTrue(error.getMessage().contains(problem.instruction()));
    }
  }

  /**
   * Another answer of the same form: the last digit raised, another day, the opposite, other letters.
   */
  private static String spoil(String output) {
    if (output.matches(".*\\d.*")) {
      int last = output.replaceAll("\\D+$", "").length() - 1;
      char digit = (char) ('0' + (output.charAt(last) - '0' + 1) % 10);
      return output.substring(0, last) + digit + output.substring(last + 1);
    }
    return switch (output) {
    case "Yes", "Cannot tell" -> "No";
    case "No" -> "Yes";
    case "Monday" -> "Tuesday";
    default -> output.endsWith("day") ? "Monday" : output + "x";
    };
  }
}
