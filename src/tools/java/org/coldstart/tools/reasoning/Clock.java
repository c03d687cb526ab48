package org.coldstart.tools.reasoning;

import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** The time some minutes later, on a 24-hour clock. */
final class Clock implements ProblemKind {
  private static final List<String> WORDINGS = List.of(
      "A show starts at %2$s and lasts %3$s minutes. At what time does it end?",
      "%1$s leaves home at %2$s and walks for %3$s minutes. At what time does %1$s arrive?",
      "A train leaves at %2$s and the ride takes %3$s minutes. When does it arrive?",
      "%1$s puts a pie into the oven at %2$s for %3$s minutes. At what time is it done?",
      "The match begins at %2$s and is over after %3$s minutes. At what time is it over?",
      "It is %2$s now. %1$s will call back in %3$s minutes. At what time will that be?");

  @Override
  public String name() {
    return "clock";
  }

  @Override
  public Problem make(Draw draw) {
    int hour = draw.between(7, 21);
    int minute = 5 * draw.between(1, 11);
    int length = 5 * draw.between(3, 19);
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), time(hour, minute), length);
    int minutes = minute + length;
    int hours = minutes / 60;
    StringBuilder reasoning = new StringBuilder("Add the minutes: %s + %s = %s. ".formatted(minute, length, minutes));
    if (hours == 0) {
      reasoning.append("%s is less than 60, so the hour stays %s".formatted(minutes, hour));
    } else {
      reasoning.append("Full hours: %s - %s = %s minutes and %s + %s = %s hours".formatted(minutes, 60 * hours,
          minutes % 60, hour, hours, hour + hours));
    }
    String output = time(hour + hours, minutes % 60);
    reasoning.append(". The time is ").append(output).append('.');
    LocalTime end = LocalTime.of(hour, minute).plusMinutes(length);
    return Problem.ofEquations(instruction, reasoning.toString(), output,
        answer -> LocalTime.parse(answer, DateTimeFormatter.ofPattern("H:mm")).equals(end));
  }

  private static String time(int hour, int minute) {
    return hour + ":" + (minute < 10 ? "0" : "") + minute;
  }
}
