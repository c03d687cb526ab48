package org.coldstart.tools.reasoning;

import java.util.List;

/** The mean of three numbers: add, then divide. */
final class Average implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s scored %2$s, %3$s and %4$s points in three games. What is the average score?",
      "Three boxes weigh %2$s kg, %3$s kg and %4$s kg. What is their average weight in kg?",
      "%1$s read %2$s, %3$s and %4$s pages on three days. How many pages a day is that on" + " average?",
      "What is the mean of the numbers %2$s, %3$s and %4$s?",
      "On three days a cafe sold %2$s, %3$s and %4$s cakes. What was the daily average?",
      "%1$s timed three bus rides: %2$s, %3$s and %4$s minutes. What is the average time in" + " minutes?");

  @Override
  public String name() {
    return "average";
  }

  @Override
  public Problem make(Draw draw) {
    int mean = draw.between(8, 32);
    int below = draw.between(1, 6);
    int above = draw.between(1, 6);
    List<Integer> values = draw.pick(List.of(mean - below, mean + above, mean + below - above), 3);
    int a = values.get(0);
    int b = values.get(1);
    int c = values.get(2);
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), a, b, c);
    int sum = a + b + c;
    String reasoning = "Add them: %s + %s = %s and %s + %s = %s. There are 3 values, so %s / 3 = %s.".formatted(a, b,
        a + b, a + b, c, sum, sum, sum / 3);
    return Problem.ofEquations(instruction, reasoning, "" + sum / 3, answer -> {
      int claimed = Answers.numbers(answer).get(0);
      return (a - claimed) + (b - claimed) + (c - claimed) == 0;
    });
  }
}
