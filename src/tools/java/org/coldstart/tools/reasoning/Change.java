package org.coldstart.tools.reasoning;

import java.util.List;

/** Several things at one price, paid with a note: cost, then change. */
final class Change implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s buys %3$s %5$s at $%4$s each and pays with $%6$s. How much change does %2$s get?",
      "One of the %5$s costs $%4$s. %1$s takes %3$s and pays with a $%6$s note. What is the" + " change?",
      "%1$s has $%6$s and buys %3$s %5$s for $%4$s each. How much money does %2$s have left?",
      "At the shop %1$s pays $%6$s for %3$s %5$s that cost $%4$s each. How much does %2$s get" + " back?",
      "%1$s wants %3$s %5$s. Each costs $%4$s. How much of %7$s $%6$s will be left?");
  private static final List<String> THINGS = List.of("notebooks", "tickets", "mugs", "scarves", "books", "puzzles",
      "caps", "sandwiches", "paintbrushes", "plants");

  /** A larger note leaves more prices to draw, so it comes more often. */
  private static final List<Integer> NOTES = List.of(20, 50, 50, 100, 100, 100);

  @Override
  public String name() {
    return "change";
  }

  @Override
  public Problem make(Draw draw) {
    Person buyer = draw.pick(Person.ALL);
    int note = draw.pick(NOTES);
    int count = draw.between(2, 9);
    int price = draw.between(2, Math.min(15, (note - 2) / count));
    String things = draw.pick(THINGS);
    String instruction = draw.pick(WORDINGS)
      .formatted(buyer, buyer.subject(), count, price, things, note, buyer.possessive());
    int cost = count * price;
    int change = note - cost;
    String reasoning = "The %s %s cost %s * %s = %s dollars. From %s dollars, %s - %s = %s dollars are left."
      .formatted(count, things, count, price, cost, note, note, cost, change);
    return Problem.ofEquations(instruction, reasoning, "$" + change, answer -> {
      int money = Answers.numbers(answer).get(0);
      for (int i = 0; i < count; i++) {
        money += price;
      }
      return money == note && answer.startsWith("$");
    });
  }
}
