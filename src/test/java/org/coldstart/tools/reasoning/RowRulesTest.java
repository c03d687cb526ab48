package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.coldstart.evaluate.Equations;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RowRulesTest {
  private static SplitRows sound;

  @BeforeAll
  static void generate() {
    sound = new ProblemGenerator(1).generate(200);
  }

  @Test
  void soundRowsPass() {
    assertEquals(List.of(), RowRules.violations(sound));
  }

  @Test
  void aFalseEquationIsFound() {
    ReasoningRow row = arithmeticRow();
    expect("not true", withTrain(replaced(row, reasoning -> reasoning.replaceFirst("= (\\d)", "= 1$1"))));
  }

  @Test
  void anEqualsSignOutsideAnEquationIsFound() {
    expect("outside an equation", withTrain(replaced(arithmeticRow(), reasoning -> reasoning + " x = y.")));
  }

  @Test
  void aRowTooShortOrTooLongIsFound() {
    expect("characters", withTrain(replaced(arithmeticRow(), reasoning -> "Easy.")));
    expect("characters", withTrain(replaced(arithmeticRow(), reasoning -> reasoning + " And so on.".repeat(40))));
  }

  @Test
  void anInstructionTwiceIsFound() {
    expect("the same instruction as train row 1", withTrain(sound.train().get(0)));
  }

  @Test
  void operandsInTheOtherPartAreFound() {
    ReasoningRow row = sound.test().get(0);
    List<String> found = RowRules.violations(withTrain(row));
    assertTrue(found.stream().anyMatch(violation -> violation.contains("belong to the other part")), "" + found);
    assertTrue(found.contains("in both parts: the operands " + Combination.of(row.instruction()).key()), "" + found);
  }

  private static ReasoningRow arithmeticRow() {
    return sound.train().stream().filter(row -> !Equations.in(row.reasoning()).isEmpty()).findFirst().orElseThrow();
  }

  private static ReasoningRow replaced(ReasoningRow row, UnaryOperator<String> change) {
    return new ReasoningRow(row.instruction(), change.apply(row.reasoning()), row.output(), row.reasoningChains());
  }

  private static SplitRows withTrain(ReasoningRow added) {
    List<ReasoningRow> train = new ArrayList<>(sound.train());
    train.add(added);
    return new SplitRows(train, sound.test());
  }

  private static void expect(String part, SplitRows rows) {
    List<String> found = RowRules.violations(rows);
    assertTrue(found.stream().anyMatch(violation -> violation.contains(part)), "" + found);
  }
}
