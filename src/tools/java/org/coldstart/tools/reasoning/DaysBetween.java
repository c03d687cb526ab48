package org.coldstart.tools.reasoning;

import java.time.LocalDate;
import java.time.Month;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Days from a date in one month to a date in the next. */
final class DaysBetween implements ProblemKind {
  private record Named(String name, int days) {}

  /** Without February, whose length changes. */
  private static final List<Named> MONTHS = List.of(new Named("March", 31), new Named("April", 30),
      new Named("May", 31), new Named("June", 30), new Named("July", 31), new Named("August", 31),
      new Named("September", 30), new Named("October", 31), new Named("November", 30), new Named("December", 31));

  private static final List<String> WORDINGS = List.of("How many days is it from %2$s to %3$s?",
      "%1$s borrows a book on %2$s and returns it on %3$s. How many days is that?",
      "Today is %2$s and %1$s's birthday is on %3$s. How many days away is it?",
      "%1$s leaves on %2$s and comes back on %3$s. After how many days is that?",
      "A shop closes on %2$s and opens again on %3$s. How many days later is that?",
      "%1$s sowed beans on %2$s and picked them on %3$s. How many days passed?");

  @Override
  public String name() {
    return "days between";
  }

  @Override
  public Problem make(Draw draw) {
    int index = draw.between(0, MONTHS.size() - 2);
    Named month = MONTHS.get(index);
    Named next = MONTHS.get(index + 1);
    int from = draw.between(2, month.days() - 2);
    int to = draw.between(1, 28);
    String instruction = draw.pick(WORDINGS)
      .formatted(draw.pick(Person.ALL), from + " " + month.name(), to + " " + next.name());
    int rest = month.days() - from;
    String reasoning = "%s has %s days: %s - %s = %s days to its end. Then %s more in %s: %s + %s = %s days."
      .formatted(month.name(), month.days(), month.days(), from, rest, to, next.name(), rest, to, rest + to);
    LocalDate start = LocalDate.of(2025, Month.MARCH.plus(index), from);
    LocalDate end = LocalDate.of(2025, Month.MARCH.plus(index + 1), to);
    return Problem.ofEquations(instruction, reasoning, "" + (rest + to),
        answer -> ChronoUnit.DAYS.between(start, end) == Answers.numbers(answer).get(0));
  }
}
