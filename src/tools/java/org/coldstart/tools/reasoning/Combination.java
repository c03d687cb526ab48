package org.coldstart.tools.reasoning;

import java.nio.charset.StandardCharsets;
import java.time.DayOfWeek;
import java.time.Month;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * The combination of operands of a question, read from its text alone: all numbers, quoted words, weekdays and months,
 * or, where there are none of these, all people's names; sorted, so that the order does not matter. The kind of problem
 * and the operation play no part: 37 and 48 are one combination wherever they meet.
 *
 * @param key the operands, sorted as text and joined by commas
 */
public record Combination(String key) {
  private static final Pattern OPERAND = Pattern.compile("\\d+|'[a-z]{2,}'|\\b(?:" + calendarNames() + ")\\b");
  private static final Pattern NAME = Pattern
    .compile("\\b(?:" + Person.ALL.stream().map(Person::name).collect(Collectors.joining("|")) + ")\\b");

  /** Reads the operands of an instruction; throws if it has none. */
  public static Combination of(String instruction) {
    List<String> operands = matches(OPERAND, instruction);
    if (operands.isEmpty()) {
      operands = matches(NAME, instruction).stream().distinct().collect(Collectors.toCollection(ArrayList::new));
    }
    if (operands.isEmpty()) {
      throw new IllegalArgumentException("No number, quoted word, date or name in \"" + instruction + "\"");
    }
    Collections.sort(operands);
    return new Combination(String.join(",", operands));
  }

  /**
   * Whether the combination belongs to the held-out part: CRC-32 of the key in UTF-8, modulo 10, is 0.
   */
  public boolean heldOut() {
    CRC32 crc = new CRC32();
    crc.update(key.getBytes(StandardCharsets.UTF_8));
    return crc.getValue() % 10 == 0;
  }

  private static List<String> matches(Pattern pattern, String text) {
    List<String> found = new ArrayList<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group().replace("'", ""));
    }
    return found;
  }

  private static String calendarNames() {
    return Stream
      .concat(Arrays.stream(DayOfWeek.values()).map(day -> day.getDisplayName(TextStyle.FULL, Locale.ENGLISH)),
          Arrays.stream(Month.values()).map(month -> month.getDisplayName(TextStyle.FULL, Locale.ENGLISH)))
      .collect(Collectors.joining("|"));
  }
}
