package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasoningCheckTest {

  private static List<DataRow> rows;

  @BeforeAll
  static void load() {
    rows = Stream.of("train", "test").flatMap(part -> DataSet.load("data/reasoning", part).stream()).toList();
  }

  private static ReasoningCheck check(DataRow row, String reasoning, String answer) {
    return ReasoningCheck.of(row.text("instruction"), reasoning, answer);
  }

  @Test
  void everyRowOfTheDataHolds() {
    List<String> refused = rows.stream()
      .filter(row -> !check(row, row.text("reasoning"), row.text("output")).holds())
      .map(row -> row + ": " + check(row, row.text("reasoning"), row.text("output")).faults())
      .toList();
    assertEquals(List.of(), refused);
    assertEquals(10_000, rows.size());
  }

  @Test
  void aWrongNumberInAnyEquationIsRefused() {
    int tried = 0;
    for (DataRow row : rows.subList(0, 1000)) {
      String reasoning = row.text("reasoning");
      for (String equation : Equations.in(reasoning)) {
        String result = equation.replaceFirst(".*= ", "");
        String wrong = equation.substring(0, equation.length() - result.length()) + (Integer.parseInt(result) + 1);
        assertFalse(check(row, reasoning.replace(equation, wrong), row.text("output")).holds(), wrong);
        tried++;
      }
    }
    assertTrue(tried > 1500, tried + " equations");
  }

  @Test
  void anotherRowsAnswerIsRefused() {
    List<String> taken = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      DataRow row = rows.get(i);
      String other = rows.get(i + 20).text("output");
      boolean differs = !other.replaceAll("\\D.*", "").equals(row.text("output").replaceAll("\\D.*", ""));
      if (differs && check(row, row.text("reasoning"), other).holds()) {
        taken.add(row.text("reasoning") + " => " + other);
      }
    }
    assertEquals(List.of(), taken);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      places 4 and 6, which makes 2       | places 1 and 3, which makes 2
      places 4 and 6, which makes 2       | places 4 and 6, which makes 3
      places 4 and 6, which makes 2       | places 4, which makes 1
      letter n stands                     | letter m stands
      4 n, 5 i, 6 n                       | 4 n, 5 n, 6 i
      6 n, 7 g                            | 6 n
      of 'morning'                        | of 'mornings'
      """)
  void aWrongPlaceOrLetterIsRefused(String right, String wrong) {
    expectRefused("'morning'", right, wrong);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      spell 'roller'          | order are r, o, l, l, e, r    | order are r, o, l, e, r
      spell 'roller'          | they are r, e, l, l, o, r     | they are r, e, l, o, l, r
      spell 'roller'          | that is rellor                | that is reller
      It is Thursday and Ana  | Friday, Saturday              | Saturday, Friday
      It is Thursday and Ana  | count 6                       | count 5
      It is Thursday and Ana  | from Thursday                 | from Friday
      puts a pie              | The time is 18:00             | The time is 18:05
      Leila is slower than Ben | Ben is faster than Leila     | Leila is faster than Ben
      Leila is slower than Ben | So Ben                       | So Leila
      Leila is slower than Ben | order is Ben, Leila, Victor  | order is Victor, Leila, Ben
      Each person in the kitchen | has no white hat. In .*    | has a white hat. But people outside may have one too, so we cannot tell.
      41 points and Felix     | 82 is more than 41            | 82 is less than 41
      packs 99 melons         | 99 - 96 = 3                   | 96 + 3 = 99
      """)
  void whatTheOtherKindsSayIsChecked(String question, String right, String wrong) {
    expectRefused(question, right, wrong);
  }

  private static void expectRefused(String question, String right, String wrong) {
    DataRow row = rows.stream()
      .filter(r -> r.text("instruction").contains(question) && Pattern.compile(right).matcher(r.text("reasoning")).find())
      .findFirst()
      .orElseThrow();
    String spoilt = row.text("reasoning").replaceFirst(right, wrong);
    assertNotEquals(row.text("reasoning"), spoilt);
    assertFalse(check(row, spoilt, row.text("output")).holds(), spoilt);
  }

  @Test
  void aReasoningWithoutAStepDoesNotHold() {
    ReasoningCheck check = ReasoningCheck.of("Is 135 a multiple of 9?", "It is easy to see.", "Yes");
    assertEquals(0, check.steps());
    assertEquals(List.of(), check.faults());
    assertFalse(check.holds());
  }

  @Test
  void anythingAModelWritesIsRead() {
    for (String reasoning : List.of("10 / 3 = 3.33", "10 / 0 = 0", "= = =", "99999999999 is less than 5", "count 5 from Blue: Red",
        "count 99999999999 from Friday: Saturday", "2 + 2 = 4 = 4", "The letter x stands at places and, which makes 3")) {
      assertFalse(ReasoningCheck.of("How many? '", reasoning, "5").holds(), reasoning);
    }
  }
}
