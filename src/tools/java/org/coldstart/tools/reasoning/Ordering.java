package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.List;

/** Three people in order, from two comparisons. */
final class Ordering implements ProblemKind {
  /** A comparison in both directions with its superlatives. */
  private record Scale(String more, String less, String most, String least) {}

  private static final List<Scale> SCALES = List.of(
      new Scale("is taller than", "is shorter than", "tallest", "shortest"),
      new Scale("is older than", "is younger than", "oldest", "youngest"),
      new Scale("is faster than", "is slower than", "fastest", "slowest"),
      new Scale("is stronger than", "is weaker than", "strongest", "weakest"),
      new Scale("is louder than", "is quieter than", "loudest", "quietest"));
  private static final List<String> WORDINGS = List.of("%1$s. %2$s. Who is %3$s of the three?",
      "%1$s, and %2$s. Which of them is %3$s?", "We know two things: %1$s, and %2$s. Which of the three is %3$s?",
      "If %1$s and %2$s, which of the three is %3$s?", "%1$s. Also, %2$s. Who of the three is %3$s?");

  @Override
  public String name() {
    return "ordering";
  }

  @Override
  public Problem make(Draw draw) {
    List<Person> order = draw.pick(Person.ALL, 3);
    Scale scale = draw.pick(SCALES);
    String upper = clue(draw, scale, order.get(0), order.get(1));
    String lower = clue(draw, scale, order.get(1), order.get(2));
    boolean upperFirst = draw.chance(50);
    int asked = draw.between(0, 2);
    String question = List.of("the " + scale.most(), "in the middle", "the " + scale.least()).get(asked);
    String wording = draw.pick(WORDINGS);
    String instruction = wording.formatted(upperFirst ? upper : lower, upperFirst ? lower : upper, question);
    String reasoning = ("In one direction: %1$s %4$s %2$s, and %2$s %4$s %3$s. "
        + "From the %5$s to the %6$s, the order is %1$s, %2$s, %3$s. So %7$s is %8$s.")
      .formatted(order.get(0), order.get(1), order.get(2), scale.more(), scale.most(), scale.least(), order.get(asked),
          question);
    return new Problem(instruction, reasoning, order.get(asked).name(),
        List.of(order.get(0) + ">" + order.get(1), order.get(1) + ">" + order.get(2)),
        answer -> answer.equals(solve(List.of(upper, lower), scale, order, asked)));
  }

  private static String clue(Draw draw, Scale scale, Person greater, Person lesser) {
    return draw.chance(60) ? greater + " " + scale.more() + " " + lesser : lesser + " " + scale.less() + " " + greater;
  }

  /**
   * Tries all six orders and reads the clues' sentences; the one order that fits them gives the answer.
   */
  private static String solve(List<String> clues, Scale scale, List<Person> people, int asked) {
    List<String> fitting = new ArrayList<>();
    for (Person first : people) {
      for (Person second : people) {
        for (Person third : people) {
          List<String> order = List.of(first.name(), second.name(), third.name());
          if (order.stream().distinct().count() == 3 && clues.stream().allMatch(clue -> holds(clue, scale, order))) {
            fitting.add(order.get(asked));
          }
        }
      }
    }
    return fitting.size() == 1 ? fitting.get(0) : "not unique";
  }

  private static boolean holds(String clue, Scale scale, List<String> order) {
    boolean more = clue.contains(scale.more());
    String[] names = clue.split(" " + (more ? scale.more() : scale.less()) + " ");
    return more == order.indexOf(names[0]) < order.indexOf(names[1]);
  }
}
