package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.coldstart.evaluate.Equations;

/**
 * What every row and both parts together must keep to; it needs nothing but the rows themselves.
 */
public final class RowRules {
  private static final int FEWEST_PIECES = 60;
  private static final int MOST_CHARACTERS = 400;

  private RowRules() {}

  /**
   * All broken rules, each with the part and the row's number from 1; empty if the data set is sound.
   */
  public static List<String> violations(SplitRows rows) {
    List<String> found = new ArrayList<>();
    Map<String, String> instructions = new HashMap<>();
    check("train", rows.train(), false, instructions, found);
    check("test", rows.test(), true, instructions, found);
    Set<Combination> shared = combinations(rows.train());
    shared.retainAll(combinations(rows.test()));
    shared.forEach(combination -> found.add("in both parts: the operands " + combination.key()));
    return found;
  }

  private static void check(String part, List<ReasoningRow> rows, boolean heldOut, Map<String, String> instructions,
      List<String> found) {
    for (int i = 0; i < rows.size(); i++) {
      ReasoningRow row = rows.get(i);
      String place = part + " row " + (i + 1);
      textProblem(row).or(() -> equationProblem(row))
        .or(() -> lengthProblem(row))
        .ifPresent(problem -> found.add(place + ": " + problem));
      if (Combination.of(row.instruction()).heldOut() != heldOut) {
        found.add(place + ": its operands belong to the other part");
      }
      String earlier = instructions.putIfAbsent(row.instruction(), place);
      if (earlier != null) {
        found.add(place + ": the same instruction as " + earlier);
      }
    }
  }

  private static Set<Combination> combinations(List<ReasoningRow> rows) {
    Set<Combination> combinations = new HashSet<>();
    rows.forEach(row -> combinations.add(Combination.of(row.instruction())));
    return combinations;
  }

  private static Optional<String> textProblem(ReasoningRow row) {
    for (String text : List.of(row.instruction(), row.reasoning(), row.output())) {
      if (text.isBlank() || !text.equals(text.strip()) || text.contains("  ")) {
        return Optional.of("empty text or stray spaces: \"" + text + "\"");
      }
    }
    if (row.output().endsWith(".") || row.reasoningChains().isEmpty()) {
      return Optional.of("an output with a final period, or no step");
    }
    return Optional.empty();
  }

  /** Every equals sign must belong to a true equation. */
  private static Optional<String> equationProblem(ReasoningRow row) {
    List<String> texts = new ArrayList<>(row.reasoningChains());
    texts.add(row.reasoning());
    for (String text : texts) {
      List<String> equations = Equations.in(text);
      if (equations.size() != text.chars().filter(sign -> sign == '=').count()) {
        return Optional.of("an equals sign outside an equation: \"" + text + "\"");
      }
      Optional<String> wrong = equations.stream().filter(equation -> !Equations.holds(equation)).findFirst();
      if (wrong.isPresent()) {
        return Optional.of("not true: " + wrong.get());
      }
    }
    return Optional.empty();
  }

  /** Says why a row is too short or too long, if it is. */
  static Optional<String> lengthProblem(ReasoningRow row) {
    int pieces = Pieces.of(row);
    int characters = row.instruction().length() + row.reasoning().length() + row.output().length();
    if (pieces < FEWEST_PIECES || characters > MOST_CHARACTERS) {
      return Optional.of(pieces + " pieces, " + characters + " characters; at least " + FEWEST_PIECES + " and at most "
          + MOST_CHARACTERS + " are allowed");
    }
    return Optional.empty();
  }
}
