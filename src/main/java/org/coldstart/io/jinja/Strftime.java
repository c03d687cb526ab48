package org.coldstart.io.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code strftime} in the C locale. */
final class Strftime {
  private static final Pattern DIRECTIVE = Pattern.compile("%([-_0]?)([a-zA-Z%])");

  private Strftime() {}

  /** The clock's time in its zone, laid out by {@code format}. */
  static String format(String format, Clock clock) {
    LocalDateTime time = LocalDateTime.now(clock);
    return DIRECTIVE
        .matcher(format)
        .replaceAll(
            directive -> {
              String field = field(directive.group(2), time);
              String bare = field.replaceFirst("^[0 ]+(?=\\d)", "");
              String spaces = " ".repeat(field.length() - bare.length());
              return Matcher.quoteReplacement(
                  switch (directive.group(1)) {
                    case "-" -> bare;
                    case "_" -> spaces + bare;
                    default -> field;
                  });
            });
  }

  private static String field(String letter, LocalDateTime time) {
    String pattern =
        switch (letter) {
          case "a" -> "EEE";
          case "A" -> "EEEE";
          case "b", "h" -> "MMM";
          case "B" -> "MMMM";
          case "c" -> "EEE MMM ppd HH:mm:ss yyyy";
          case "d" -> "dd";
          case "D", "x" -> "MM/dd/yy";
          case "e" -> "ppd";
          case "f" -> "SSSSSS";
          case "F" -> "yyyy-MM-dd";
          case "H" -> "HH";
          case "I" -> "hh";
          case "j" -> "DDD";
          case "k" -> "ppH";
          case "l" -> "pph";
          case "m" -> "MM";
          case "M" -> "mm";
          case "n" -> "'\n'";
          case "p" -> "a";
          case "r" -> "hh:mm:ss a";
          case "R" -> "HH:mm";
          case "S" -> "ss";
          case "t" -> "'\t'";
          case "T", "X" -> "HH:mm:ss";
          case "y" -> "yy";
          case "Y" -> "yyyy";
          case "z", "Z" -> "";
          case "%" -> "'%'";
          default -> throw new TemplateException("strftime_now: %%%s is not supported", letter);
        };
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }
}
