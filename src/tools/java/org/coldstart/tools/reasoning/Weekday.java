package org.coldstart.tools.reasoning;

import java.time.DayOfWeek;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The day of the week some days ahead: whole weeks out, then count. */
final class Weekday implements ProblemKind {
  private static final List<String> DAYS = List.of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
      "Sunday");
  private static final List<String> WORDINGS = List.of("Today is %2$s. Which day of the week will it be in %3$s days?",
      "%1$s's holiday starts on a %2$s. Which day of the week is it %3$s days later?",
      "It is %2$s and %1$s's exam is in %3$s days. On which day of the week is the exam?",
      "%1$s sows peas on a %2$s and picks the first ones %3$s days later. Which day of the week" + " is that?",
      "A parcel was sent by ship on a %2$s and reached %1$s %3$s days later. On which day was" + " that?",
      "If a ship leaves on a %2$s and sails for %3$s days, on which day of the week does it" + " arrive?");

  @Override
  public String name() {
    return "weekday";
  }

  @Override
  public Problem make(Draw draw) {
    int start = draw.between(0, 6);
    int rest = draw.between(1, 6);
    int weeks = draw.between(1, 8);
    int days = 7 * weeks + rest;
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), DAYS.get(start), days);
    String counted = IntStream.rangeClosed(1, rest)
      .mapToObj(i -> DAYS.get((start + i) % 7))
      .collect(Collectors.joining(", "));
    String reasoning = "Every 7 days it is %s again. 7 * %s = %s and %s - %s = %s, so count %s from %s: %s."
      .formatted(DAYS.get(start), weeks, 7 * weeks, days, 7 * weeks, rest, rest, DAYS.get(start), counted);
    String output = DAYS.get((start + rest) % 7);
    return Problem.ofEquations(instruction, reasoning, output,
        answer -> DayOfWeek.of(start + 1).plus(days) == DayOfWeek.valueOf(answer.toUpperCase(Locale.ROOT)));
  }
}
