package org.coldstart.tools.reasoning;

import java.util.List;
import java.util.stream.IntStream;

/** Equal groups or a steady rate: a one-digit number times a two-digit one. */
final class Groups implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "%1$s fills %2$s boxes with %3$s tiles each. How many tiles are in the boxes?",
      "A machine makes %3$s toys an hour. How many toys does it make in %2$s hours?",
      "There are %2$s rows of chairs in the hall, with %3$s chairs in each row. How many chairs" + " are there?",
      "%1$s reads %3$s pages every day. How many pages does %1$s read in %2$s days?",
      "A bus carries %3$s people on each trip. How many people can it carry in %2$s trips?",
      "A boat sails at %3$s km an hour for %2$s hours. How many kilometres is that?",
      "Each of %2$s pupils plants %3$s seeds in the school garden. How many seeds do they" + " plant?");

  @Override
  public String name() {
    return "groups";
  }

  @Override
  public Problem make(Draw draw) {
    int groups = draw.between(2, 9);
    int size = 10 * draw.between(1, 3) + draw.between(1, 9);
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), groups, size);
    int tens = size / 10 * 10;
    int ones = size % 10;
    int product = groups * tens + groups * ones;
    String reasoning = "Multiply %s by %s. %s * %s = %s and %s * %s = %s. Then %s + %s = %s.".formatted(size, groups,
        groups, tens, groups * tens, groups, ones, groups * ones, groups * tens, groups * ones, product);
    return Problem.ofEquations(instruction, reasoning, "" + product,
        answer -> Answers.numbers(answer).get(0) == IntStream.range(0, groups).map(group -> size).sum());
  }
}
