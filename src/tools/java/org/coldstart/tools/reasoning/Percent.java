package org.coldstart.tools.reasoning;

import java.math.BigDecimal;
import java.util.List;

/** A part of an amount in per cent, by way of ten per cent. */
final class Percent implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "A school has %2$s pupils and %3$s%% of them walk to school. How many pupils walk?",
      "%1$s saves %3$s%% of $%2$s. How many dollars is that?",
      "Of %2$s seats in a theatre, %3$s%% are taken. How many seats are taken?",
      "A farm has %2$s trees, and %3$s%% are apple trees. How many apple trees are there?",
      "%1$s has read %3$s%% of a book with %2$s pages. How many pages is that?",
      "There are %2$s cars in the car park and %3$s%% of them are red. How many are red?");

  @Override
  public String name() {
    return "percent";
  }

  @Override
  public Problem make(Draw draw) {
    int tens = draw.between(2, 9);
    int whole = 10 * draw.between(4, 40);
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), whole, 10 * tens);
    int tenth = whole / 10;
    String reasoning = "First find 10%%: %s / 10 = %s. %s%% is %s times as much: %s * %s = %s.".formatted(whole, tenth,
        10 * tens, tens, tens, tenth, tens * tenth);
    BigDecimal share = new BigDecimal(whole).multiply(BigDecimal.valueOf(10L * tens, 2));
    return Problem.ofEquations(instruction, reasoning, "" + tens * tenth,
        answer -> new BigDecimal(answer).compareTo(share) == 0);
  }
}
