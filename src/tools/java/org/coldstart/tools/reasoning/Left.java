package org.coldstart.tools.reasoning;

import java.util.List;

/** What is left after some is taken away: tens first, then ones. */
final class Left implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s had %3$s %5$s and gave %4$s of them to %2$s. How many %5$s does %1$s have left?",
      "%1$s had %3$s %5$s but lost %4$s of them on the way home. How many %5$s are left?",
      "There were %3$s %5$s in the drawer. %1$s took out %4$s. How many %5$s are still in the" + " drawer?",
      "%1$s needs %3$s %5$s and has only %4$s so far. How many more %5$s does %1$s need?",
      "Of the %3$s %5$s on the table, %4$s belong to %1$s and the rest to %2$s. How many belong" + " to %2$s?",
      "A shop had %3$s packs of %5$s and sold %4$s of the packs. How many packs are left?");
  private static final List<String> THINGS = List.of("stickers", "stamps", "buttons", "marbles", "cards", "beads",
      "pencils", "crayons", "balloons", "candles");
  private static final List<String> OPENINGS = List.of("Take away in two steps.", "We subtract tens, then ones.",
      "Subtract step by step.");

  @Override
  public String name() {
    return "left";
  }

  @Override
  public Problem make(Draw draw) {
    List<Person> people = draw.pick(Person.ALL, 2);
    int taken = 10 * draw.between(1, 6) + draw.between(1, 9);
    int had = draw.between(taken + 3, 99);
    String instruction = draw.pick(WORDINGS).formatted(people.get(0), people.get(1), had, taken, draw.pick(THINGS));
    int withoutTens = had - taken / 10 * 10;
    int left = withoutTens - taken % 10;
    String reasoning = "%s %s - %s = %s, and %s - %s = %s. So %s - %s = %s.".formatted(draw.pick(OPENINGS), had,
        taken / 10 * 10, withoutTens, withoutTens, taken % 10, left, had, taken, left);
    return Problem.ofEquations(instruction, reasoning, "" + left,
        answer -> Answers.numbers(answer).get(0) + taken == had);
  }
}
