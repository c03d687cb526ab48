package org.coldstart.tools.reasoning;

import java.util.List;
import java.util.Locale;

/** An age from another age, now and some years later or earlier. */
final class Ages implements ProblemKind {
  private static final List<String> RELATIVES = List.of("mother", "father", "aunt", "uncle", "teacher", "neighbour");
  private static final List<String> LATER = List.of(
      "%1$s is %3$s years old. %7$s %4$s is %5$s years older. How old will the %4$s be in %6$s" + " years?",
      "%7$s %4$s is %5$s years older than %1$s, who is %3$s. What will be the %4$s's age in" + " %6$s years?",
      "%1$s is %3$s and %2$s %4$s is %5$s years older. How old is the %4$s %6$s years from" + " now?");
  private static final List<String> EARLIER = List.of(
      "%1$s is %3$s years old. %7$s %4$s is %5$s years older. How old was the %4$s %6$s years" + " ago?",
      "%7$s %4$s is %5$s years older than %1$s, who is %3$s. What was the %4$s's age %6$s years" + " ago?",
      "%1$s is %3$s and %2$s %4$s is %5$s years older. %6$s years ago, how old was the %4$s?");

  @Override
  public String name() {
    return "ages";
  }

  @Override
  public Problem make(Draw draw) {
    Person child = draw.pick(Person.ALL);
    String relative = draw.pick(RELATIVES);
    int age = draw.between(5, 14);
    int older = draw.between(20, 35);
    boolean later = draw.chance(60);
    int years = later ? draw.between(2, 15) : draw.between(2, age - 1);
    String capitalised = child.possessive().substring(0, 1).toUpperCase(Locale.ROOT) + child.possessive().substring(1);
    String instruction = draw.pick(later ? LATER : EARLIER)
      .formatted(child, child.possessive(), age, relative, older, years, capitalised);
    int now = age + older;
    int then = later ? now + years : now - years;
    String reasoning = "Now the %s is %s + %s = %s years old. %s %s years: %s %s %s = %s.".formatted(relative, age,
        older, now, later ? "Add" : "Take away", years, now, later ? "+" : "-", years, then);
    int childThen = later ? age + years : age - years;
    return Problem.ofEquations(instruction, reasoning, "" + then, Answers.is(childThen + older));
  }
}
