package org.coldstart.tools.reasoning;

import java.util.List;

/** Which of two amounts is larger, and by how much. */
final class Comparison implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s has %3$s %5$s and %2$s has %4$s. Who has more %5$s, and how many more?",
      "In a game %1$s scored %3$s points and %2$s scored %4$s points. Who scored more, and by" + " how many?",
      "%1$s read %3$s pages and %2$s read %4$s pages. Who read more pages, and how many more?",
      "On holiday %1$s took %3$s photos while %2$s took %4$s. Who took more photos, and how" + " many more?",
      "%1$s walked %3$s km last month, and %2$s walked %4$s km. Who walked more, and by how" + " many km?",
      "%1$s collected %3$s %5$s, %2$s collected %4$s. Who collected more, and how many more?");
  private static final List<String> THINGS = List.of("shells", "coins", "comics", "postcards", "badges", "stamps");

  @Override
  public String name() {
    return "comparison";
  }

  @Override
  public Problem make(Draw draw) {
    List<Person> people = draw.pick(Person.ALL, 2);
    int small = 10 * draw.between(1, 7) + draw.between(1, 9);
    int large = draw.between(small + 2, 99);
    int winner = draw.between(0, 1);
    int first = winner == 0 ? large : small;
    int second = winner == 0 ? small : large;
    String instruction = draw.pick(WORDINGS).formatted(people.get(0), people.get(1), first, second, draw.pick(THINGS));
    int withoutTens = large - small / 10 * 10;
    int more = withoutTens - small % 10;
    String reasoning = "%s is more than %s, so it is %s. %s - %s = %s and %s - %s = %s.".formatted(large, small,
        people.get(winner), large, small / 10 * 10, withoutTens, withoutTens, small % 10, more);
    String expected = people.get(first > second ? 0 : 1) + ", " + Math.abs(first - second) + " more";
    return Problem.ofEquations(instruction, reasoning, people.get(winner) + ", " + more + " more", expected::equals);
  }
}
