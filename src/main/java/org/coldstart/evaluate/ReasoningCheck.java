package org.coldstart.evaluate;

import java.time.DayOfWeek;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Checks a reasoning in the manner of {@code data/reasoning} step by step: equations are true, letters stand where it
 * says, days follow each other, what it takes from the question is there, and the answer is what it comes to. That the
 * right equation was chosen, it does not know: a wrong answer may have it, too.
 */
public final class ReasoningCheck {

  private static final Pattern COMPARED = Pattern.compile("(\\d+) is (more|less) than (\\d+)");
  private static final Pattern FITS = Pattern
    .compile("\\* (\\d+) = (\\d+) fits into (\\d+), but \\d+ \\* (\\d+) = (\\d+) is too much");
  private static final Pattern NUMBERED = Pattern.compile("letters of '(\\w+)': ((?:\\d+ \\w(?:, )?)+)");
  private static final Pattern PLACES = Pattern
    .compile("letter (\\w) stands at places? ([\\d, and]+), which makes (\\d+)");
  private static final Pattern REVERSED = Pattern
    .compile("letters of '(\\w+)' in order are ([^.]+)\\. From the last to the first they are ([^.]+)\\. .* is (\\w+)");
  private static final Pattern COUNTED = Pattern.compile("count (\\d+) from (\\w+): ([\\w, ]+)");
  private static final Pattern TIME = Pattern
    .compile("(?:= (\\d+) minutes and .*= (\\d+) hours|(\\d+) is less than 60, so the hour stays (\\d+))\\. "
        + "The time is (\\d+):(\\d+)");
  private static final Pattern ORDER = Pattern.compile("(\\w+) (is \\w+ than) (\\w+), and (\\w+) \\2 (\\w+)\\. "
      + "From the (\\w+) to the (\\w+), the order is (\\w+), (\\w+), (\\w+)\\. So (\\w+) is (?:in )?the (\\w+)");
  private static final Pattern RULE = Pattern
    .compile("The fact: (\\w+) (?:(is in) .* It follows|(has no) .* So \\1 is not|(has) an? .* cannot tell)");

  private final String question;
  private final String reasoning;
  private final String answer;
  private final List<String> faults = new ArrayList<>();
  private int steps;

  /** What the answer must be, as far as the steps tell; a pattern. */
  private String end = ".*";

  private ReasoningCheck(String question, String reasoning, String answer) {
    this.question = question;
    this.reasoning = reasoning;
    this.answer = answer.strip().replaceAll("\\.$", "");
  }

  /** Checks what leads from a question to an answer. */
  public static ReasoningCheck of(String question, String reasoning, String answer) {
    ReasoningCheck check = new ReasoningCheck(question, reasoning, answer);
    check.numbers();
    check.each(NUMBERED, check::numbered);
    check.each(PLACES, check::places);
    check.each(REVERSED, check::reversed);
    check.each(COUNTED, check::counted);
    check.each(TIME, check::time);
    check.each(ORDER, check::order);
    check.each(RULE, check::rule);
    if (check.steps > 0 && !check.answer.matches("(?i)" + check.end)) {
      check.faults.add("the answer is not what the reasoning comes to");
    }
    return check;
  }

  /** How many steps could be checked. */
  public int steps() {
    return steps;
  }

  /** What is not true, in the reasoning's own words. */
  public List<String> faults() {
    return List.copyOf(faults);
  }

  /** Whether there was a step to check, and every one holds. */
  public boolean holds() {
    return steps > 0 && faults.isEmpty();
  }

  private void each(Pattern pattern, Consumer<MatchResult> rule) {
    Matcher matcher = pattern.matcher(reasoning);
    while (matcher.find()) {
      rule.accept(matcher.toMatchResult());
    }
  }

  private void step(boolean holds, String words) {
    steps++;
    if (!holds) {
      faults.add(words);
    }
  }

  private void step(MatchResult found, boolean holds) {
    step(holds, found.group());
  }

  private void numbers() {
    List<String> equations = Equations.in(reasoning);
    equations.forEach(equation -> step(Equations.holds(equation), equation));
    if (equations.size() != reasoning.chars().filter(sign -> sign == '=').count()) {
      faults.add("an equals sign outside an equation");
    }
    each(COMPARED, it -> step(it, it.group(2).equals("more") == number(it, 1) > number(it, 3)));
    each(FITS, it -> step(it, number(it, 2) <= number(it, 3) && number(it, 3) < number(it, 5)
        && number(it, 1) + 1 == number(it, 4)));
    if (equations.isEmpty()) {
      return;
    }
    String last = equations.get(equations.size() - 1).replaceFirst(".*= ?", "");
    if (reasoning.contains("left over.")) {
      end = last.equals("0") ? "yes" : "no";
      step(reasoning.contains(last.equals("0") ? "nothing is left" : "So " + last), "what is left over");
    } else {
      end = "(?:[^:]*[^:\\d])?" + Pattern.quote(last) + "\\D*";
    }
    each(Pattern.compile("so it is (\\w+)\\."), it -> end = it.group(1) + "," + end);
    each(FITS, it -> end = it.group(1) + " each, " + last + " left");
  }

  private void numbered(MatchResult it) {
    String word = it.group(1);
    String right = IntStream.range(0, word.length())
      .mapToObj(i -> (i + 1) + " " + word.charAt(i))
      .collect(Collectors.joining(", "));
    step(it, right.equals(it.group(2)) && question.contains("'" + word + "'"));
  }

  private void places(MatchResult it) {
    Matcher word = Pattern.compile("'(\\w+)'").matcher(question);
    List<String> right = !word.find() ? List.of()
        : IntStream.range(0, word.group(1).length())
          .filter(i -> word.group(1).charAt(i) == it.group(1).charAt(0))
          .mapToObj(i -> "" + (i + 1))
          .toList();
    boolean asked = Pattern.compile("\\b" + it.group(1) + "\\b").matcher(question).find();
    step(it, asked && String.join(" and ", right).equals(it.group(2)) && number(it, 3) == right.size());
    end = it.group(3);
  }

  private void reversed(MatchResult it) {
    String word = it.group(1);
    String backwards = new StringBuilder(word).reverse().toString();
    step(it, question.contains("'" + word + "'") && String.join(", ", word.split("")).equals(it.group(2))
        && String.join(", ", backwards.split("")).equals(it.group(3)) && backwards.equals(it.group(4)));
    end = it.group(4);
  }

  private void counted(MatchResult it) {
    List<String> days = List.of(DayOfWeek.values()).stream().map(d -> d.getDisplayName(TextStyle.FULL, Locale.ENGLISH))
      .toList();
    int start = days.indexOf(it.group(2));
    String right = IntStream.rangeClosed(1, Math.min(number(it, 1), 100))
      .mapToObj(i -> days.get((start + i) % 7))
      .collect(Collectors.joining(", "));
    step(it, start >= 0 && question.contains(it.group(2)) && right.equals(it.group(3)));
    end = it.group(3).replaceFirst(".*, ", "");
  }

  private void time(MatchResult it) {
    int hour = it.group(2) == null ? number(it, 4) : number(it, 2);
    int minute = it.group(1) == null ? number(it, 3) : number(it, 1);
    String right = String.format(Locale.ROOT, "%d:%02d", hour, minute);
    step(it, minute < 60 && right.equals(it.group(5) + ":" + it.group(6)));
    end = right;
  }

  private void order(MatchResult it) {
    List<String> order = List.of(it.group(8), it.group(9), it.group(10));
    step(it, order.equals(List.of(it.group(1), it.group(3), it.group(5))) && it.group(3).equals(it.group(4)));
    step(it, clue(it.group(1), it.group(2), it.group(3)) && clue(it.group(4), it.group(2), it.group(5)));
    int place = List.of(it.group(6), "middle", it.group(7)).indexOf(it.group(12));
    step(it, place >= 0 && order.get(place).equals(it.group(11)));
    end = it.group(11);
  }

  /** Whether the question says so, in these words or, the other way round, in the opposite ones. */
  private boolean clue(String one, String relation, String other) {
    String opposite = "\\b" + other + " (?!" + relation + ")is \\w+ than " + one + "\\b";
    return question.contains(one + " " + relation + " " + other) || Pattern.compile(opposite).matcher(question).find();
  }

  private void rule(MatchResult it) {
    boolean in = it.group(2) != null;
    boolean without = it.group(3) != null;
    String fact = it.group(1) + (in ? " is (?:in (?:the|it)|a member)" : without ? " (?:has no|does not)" : " (?:has|owns) (?:a|one)");
    step(it, Pattern.compile("\\b" + fact).matcher(question).find());
    end = in ? "yes" : without ? "no" : "cannot tell";
  }

  private static int number(MatchResult found, int group) {
    String digits = found.group(group);
    return digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
  }
}
