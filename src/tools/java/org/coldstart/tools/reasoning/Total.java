package org.coldstart.tools.reasoning;

import java.util.List;

/** Two amounts put together: tens first, then ones. */
final class Total implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s picked %3$s %5$s and %2$s picked %4$s. How many %5$s did they pick together?",
      "%1$s has %3$s %5$s in one box and %4$s in another. How many %5$s are in both boxes?",
      "A basket holds %3$s %5$s. %1$s puts %4$s more into it. How many %5$s are in the basket" + " now?",
      "%1$s counted %3$s %5$s before lunch and %4$s after lunch. How many %5$s is that in all?",
      "At the market, %1$s sold %3$s %5$s and %2$s sold %4$s. How many %5$s were sold" + " altogether?",
      "%1$s brought %3$s %5$s to the fair, and then %4$s more arrived. What is the total number" + " of %5$s?");
  private static final List<String> THINGS = List.of("apples", "pears", "plums", "eggs", "lemons", "walnuts", "oranges",
      "cherries", "pumpkins", "chestnuts");
  private static final List<String> OPENINGS = List.of("Add the two amounts.", "We add both numbers.",
      "The amounts go together.");

  @Override
  public String name() {
    return "total";
  }

  @Override
  public Problem make(Draw draw) {
    List<Person> people = draw.pick(Person.ALL, 2);
    int a = 10 * draw.between(1, 8) + draw.between(1, 9);
    int b = 10 * draw.between(1, 8) + draw.between(1, 9);
    String instruction = draw.pick(WORDINGS).formatted(people.get(0), people.get(1), a, b, draw.pick(THINGS));
    int tens = a / 10 * 10 + b / 10 * 10;
    int ones = a % 10 + b % 10;
    String reasoning = "%s Tens: %s + %s = %s. Ones: %s + %s = %s. Together %s + %s = %s."
      .formatted(draw.pick(OPENINGS), a / 10 * 10, b / 10 * 10, tens, a % 10, b % 10, ones, tens, ones, tens + ones);
    return Problem.ofEquations(instruction, reasoning, "" + (tens + ones), Answers.is(a + b));
  }
}
