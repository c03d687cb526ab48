package org.coldstart.tools.reasoning;

import java.util.List;

/** The next number of an arithmetic or a geometric sequence. */
final class Sequence implements ProblemKind {
  private static final List<String> WORDINGS = List.of("Which number comes next: %2$s?",
      "Find the next number in this sequence: %2$s.", "%1$s writes down the numbers %2$s. Which number should follow?",
      "The pattern %2$s goes on in the same way. What is the next number?",
      "Continue the list with one more number: %2$s.", "What number should %1$s write after %2$s to keep the pattern?");
  private static final String UP = "The steps are %2$s - %1$s = %5$s, %3$s - %2$s = %5$s and %4$s - %3$s = %5$s. "
      + "Add %5$s: %4$s + %5$s = %6$s.";
  private static final String DOWN = "The steps are %1$s - %2$s = %5$s, %2$s - %3$s = %5$s and %3$s - %4$s = %5$s. "
      + "Take %5$s away: %4$s - %5$s = %6$s.";
  private static final String TIMES = "Each is %5$s times the last: %2$s / %1$s = %5$s, %3$s / %2$s = %5$s, "
      + "%4$s / %3$s = %5$s. So %4$s * %5$s = %6$s.";

  @Override
  public String name() {
    return "sequence";
  }

  @Override
  public Problem make(Draw draw) {
    return draw.chance(20) ? geometric(draw) : arithmetic(draw);
  }

  private static Problem arithmetic(Draw draw) {
    int step = draw.between(2, 12);
    boolean up = draw.chance(65);
    int first = up ? draw.between(1, 40) : draw.between(4 * step + 1, 4 * step + 40);
    int change = up ? step : -step;
    List<Integer> terms = List.of(first, first + change, first + 2 * change, first + 3 * change);
    int next = terms.get(3) + change;
    String reasoning = (up ? UP : DOWN).formatted(terms.get(0), terms.get(1), terms.get(2), terms.get(3), step, next);
    return problem(draw, terms, reasoning, next, 2 * terms.get(3) - terms.get(2));
  }

  private static Problem geometric(Draw draw) {
    int ratio = draw.between(2, 3);
    int first = draw.between(1, 12);
    List<Integer> terms = List.of(first, first * ratio, first * ratio * ratio, first * ratio * ratio * ratio);
    int last = terms.get(3);
    String reasoning = TIMES.formatted(first, terms.get(1), terms.get(2), last, ratio, last * ratio);
    return problem(draw, terms, reasoning, last * ratio, last * last / terms.get(2));
  }

  private static Problem problem(Draw draw, List<Integer> terms, String reasoning, int next, int recomputed) {
    String list = terms.toString().replaceAll("[\\[\\]]", "");
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), list);
    return Problem.ofEquations(instruction, reasoning, "" + next, Answers.is(recomputed));
  }
}
