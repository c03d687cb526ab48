package org.coldstart.io.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Python's {@code strftime} in the C locale. */
final class Strftime {
  private Strftime() {}

  /** The clock's time in its zone, written as {@code format} says. */
  static String format(String format, Clock clock) {
    return format(format, LocalDateTime.now(clock));
  }

  private static String format(String format, LocalDateTime time) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char flag = format.charAt(++i);
      boolean flagged = (flag == '-' || flag == '_' || flag == '0') && i + 1 < format.length();
      char letter = flagged ? format.charAt(++i) : flag;
      out.append(padded(field(letter, time), flagged ? flag : 0));
    }
    return out.toString();
  }

  private static String padded(String field, char flag) {
    if (flag != '-' && flag != '_' || !field.matches("[0 ]\\d+")) {
      return field;
    }
    String bare = field.replaceFirst("^[0 ]+(?=\\d)", "");
    return flag == '-' ? bare : " ".repeat(field.length() - bare.length()) + bare;
  }

  private static String field(char letter, LocalDateTime time) {
    return switch (letter) {
      case 'a' -> text("EEE", time);
      case 'A' -> text("EEEE", time);
      case 'b', 'h' -> text("MMM", time);
      case 'B' -> text("MMMM", time);
      case 'c' ->
          text("EEE MMM ", time)
              + String.format("%2d ", time.getDayOfMonth())
              + text("HH:mm:ss yyyy", time);
      case 'C' -> text("yyyy", time).substring(0, 2);
      case 'd' -> text("dd", time);
      case 'D', 'x' -> text("MM/dd/yy", time);
      case 'e' -> String.format("%2d", time.getDayOfMonth());
      case 'f' -> text("SSSSSS", time);
      case 'F' -> text("yyyy-MM-dd", time);
      case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
      case 'H' -> text("HH", time);
      case 'I' -> text("hh", time);
      case 'j' -> text("DDD", time);
      case 'm' -> text("MM", time);
      case 'M' -> text("mm", time);
      case 'n' -> "\n";
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'r' -> text("hh:mm:ss ", time) + field('p', time);
      case 'R' -> text("HH:mm", time);
      case 'S' -> text("ss", time);
      case 't' -> "\t";
      case 'T', 'X' -> text("HH:mm:ss", time);
      case 'u' -> String.valueOf(time.get(ChronoField.DAY_OF_WEEK));
      case 'U' -> week(time, time.get(ChronoField.DAY_OF_WEEK) % 7);
      case 'V' -> String.format("%02d", time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
      case 'w' -> String.valueOf(time.get(ChronoField.DAY_OF_WEEK) % 7);
      case 'W' -> week(time, time.get(ChronoField.DAY_OF_WEEK) - 1);
      case 'y' -> text("yy", time);
      case 'Y' -> text("yyyy", time);
      case 'z', 'Z' -> "";
      case '%' -> "%";
      default -> "%" + letter;
    };
  }

  private static String week(LocalDateTime time, int daysSinceWeekBegan) {
    return String.format("%02d", (time.getDayOfYear() - 1 + 7 - daysSinceWeekBegan) / 7);
  }

  private static String text(String pattern, LocalDateTime time) {
    return time.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
  }
}
