package org.coldstart.tools.reasoning;

import java.util.List;

/** Equal shares with a remainder. */
final class Sharing implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s shares %2$s sweets equally among %3$s children. How many does each get, and how" + " many are left?",
      "%2$s cards are dealt equally to %3$s players. How many does each player get, and how" + " many are left?",
      "%1$s puts %2$s flowers into %3$s vases, the same number in each. "
          + "How many are in each, and how many are left?",
      "A farmer packs %2$s melons equally into %3$s crates. How many go in each crate, and how" + " many are left?",
      "%3$s friends split %2$s coins evenly. How many coins does each one get, and how many are" + " left?",
      "%1$s cuts a ribbon of %2$s cm into %3$s equal pieces of whole cm. "
          + "How long is each piece, and how much is left?");

  @Override
  public String name() {
    return "sharing";
  }

  @Override
  public Problem make(Draw draw) {
    int parts = draw.between(3, 9);
    int each = draw.between(2, 12);
    int left = draw.between(1, parts - 1);
    int whole = parts * each + left;
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), whole, parts);
    String reasoning = "%s * %s = %s fits into %s, but %s * %s = %s is too much. %s - %s = %s.".formatted(parts, each,
        parts * each, whole, parts, each + 1, parts * (each + 1), whole, parts * each, left);
    return Problem.ofEquations(instruction, reasoning, each + " each, " + left + " left",
        Answers.is(Math.floorDiv(whole, parts), Math.floorMod(whole, parts)));
  }
}
