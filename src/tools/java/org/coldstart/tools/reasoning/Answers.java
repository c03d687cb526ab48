package org.coldstart.tools.reasoning;

import java.util.List;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Reads numbers back from an answer's text. */
final class Answers {
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  private Answers() {}

  /** All whole numbers of a text, in order. */
  static List<Integer> numbers(String text) {
    return NUMBER.matcher(text).results().map(MatchResult::group).map(Integer::valueOf).toList();
  }

  /** Accepts an answer whose numbers are these. */
  static Predicate<String> is(Integer... expected) {
    return answer -> numbers(answer).equals(List.of(expected));
  }
}
