package org.coldstart.tools.reasoning;

import java.math.BigInteger;
import java.util.List;

/** Whether an amount goes into groups without a rest: ten groups out, then the others. */
final class Divisible implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "Can %2$s eggs be packed into boxes of %3$s with none left over?",
      "%1$s has %2$s cards. Can they be put into piles of %3$s with no card left over?", "Is %2$s a multiple of %3$s?",
      "Can a choir of %2$s singers stand in rows of exactly %3$s with nobody left over?",
      "%1$s has a rope of %2$s m. Can it be cut into pieces of %3$s m with nothing left over?",
      "Is the number %2$s divisible by %3$s?");

  @Override
  public String name() {
    return "divisible";
  }

  @Override
  public Problem make(Draw draw) {
    int divisor = draw.between(3, 9);
    int quotient = draw.between(11, 20);
    int rest = draw.chance(50) ? 0 : draw.between(1, divisor - 1);
    int number = divisor * quotient + rest;
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), number, divisor);
    int after = number - 10 * divisor;
    int more = quotient - 10;
    String conclusion = rest == 0 ? "So nothing is left over"
        : "So " + rest + (rest == 1 ? " is" : " are") + " left over";
    String reasoning = ("10 * %1$s = %2$s and %3$s - %2$s = %4$s. "
        + "Then %5$s * %1$s = %6$s and %4$s - %6$s = %7$s. %8$s.")
      .formatted(divisor, 10 * divisor, number, after, more, more * divisor, rest, conclusion);
    return Problem.ofEquations(instruction, reasoning, rest == 0 ? "Yes" : "No", answer -> {
      BigInteger common = BigInteger.valueOf(number).gcd(BigInteger.valueOf(divisor));
      return answer.equals(common.intValue() == divisor ? "Yes" : "No");
    });
  }
}
