package org.coldstart.tools.reasoning;

import java.util.List;

/** A mixed amount in the smaller unit. */
final class Units implements ProblemKind {
  private record Scale(String large, String small, int factor, int step, List<String> wordings) {}

  private static final List<Scale> SCALES = List.of(
      new Scale("m", "cm", 100, 1,
          List.of("A rope is %2$s m and %3$s cm long. How many cm is that?",
              "%1$s throws a ball %2$s m and %3$s cm far. How many cm is that?",
              "A wall is %2$s m and %3$s cm wide. What is its width in cm?")),
      new Scale("km", "m", 1000, 50,
          List.of("%1$s runs %2$s km and %3$s m. How many metres does %1$s run?",
              "The path to the lake is %2$s km and %3$s m long. How long is it in metres?")),
      new Scale("kg", "g", 1000, 50,
          List.of("A parcel weighs %2$s kg and %3$s g. What is its weight in grams?",
              "%1$s buys %2$s kg and %3$s g of potatoes. How many grams is that?")),
      new Scale("litres", "ml", 1000, 50,
          List.of("A bucket holds %2$s litres and %3$s ml. How many ml does it hold?",
              "%1$s makes %2$s litres and %3$s ml of soup. How many ml of soup is that?")),
      new Scale("hours", "minutes", 60, 1,
          List.of("A flight takes %2$s hours and %3$s minutes. How many minutes is that?",
              "%1$s worked for %2$s hours and %3$s minutes. How many minutes did %1$s work?")),
      new Scale("days", "hours", 24, 1, List.of("%1$s's trip lasted %2$s days and %3$s hours. How many hours is that?",
          "A storm went on for %2$s days and %3$s hours. How many hours did it last?")));

  @Override
  public String name() {
    return "units";
  }

  @Override
  public Problem make(Draw draw) {
    Scale scale = draw.pick(SCALES);
    int large = draw.between(2, 9);
    int small = scale.step() * draw.between(2, (scale.factor() - 1) / scale.step());
    String instruction = draw.pick(scale.wordings()).formatted(draw.pick(Person.ALL), large, small);
    int converted = large * scale.factor();
    String one = scale.large().replaceFirst("s$", "");
    String reasoning = "1 %s is %s %s, so %s %s are %s * %s = %s %s. Add the rest: %s + %s = %s %s.".formatted(one,
        scale.factor(), scale.small(), large, scale.large(), large, scale.factor(), converted, scale.small(), converted,
        small, converted + small, scale.small());
    return Problem.ofEquations(instruction, reasoning, (converted + small) + " " + scale.small(), answer -> {
      int claimed = Answers.numbers(answer).get(0);
      return claimed / scale.factor() == large && claimed % scale.factor() == small
          && answer.endsWith(" " + scale.small());
    });
  }
}
