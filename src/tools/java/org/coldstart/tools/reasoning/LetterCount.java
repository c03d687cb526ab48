package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** How often a letter occurs in a word. */
final class LetterCount implements ProblemKind {
  private static final List<String> WORDINGS = List.of("How many times does the letter %3$s occur in the word '%2$s'?",
      "%1$s counts the letter %3$s in '%2$s'. How many are there?",
      "%1$s writes the word '%2$s'. How often does %1$s write the letter %3$s?",
      "How many of the letters in '%2$s' are %3$s?",
      "%1$s underlines every %3$s in the word '%2$s'. How many letters are underlined?",
      "%1$s looks at the word '%2$s'. How many times is the letter %3$s in it?");
  private static final List<String> WITH_A_REPEATED_LETTER = Words.ALL.stream()
    .filter(word -> count(word, mostFrequent(word)) > 1)
    .toList();

  @Override
  public String name() {
    return "letter count";
  }

  @Override
  public Problem make(Draw draw) {
    boolean repeated = draw.chance(60);
    String word = draw.pick(repeated ? WITH_A_REPEATED_LETTER : Words.ALL);
    char letter = repeated ? mostFrequent(word) : word.charAt(draw.between(0, word.length() - 1));
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), word, letter);
    List<String> places = new ArrayList<>();
    List<String> spelled = new ArrayList<>();
    for (int i = 0; i < word.length(); i++) {
      spelled.add((i + 1) + " " + word.charAt(i));
      if (word.charAt(i) == letter) {
        places.add("" + (i + 1));
      }
    }
    String reasoning = "Number the letters of '%s': %s. The letter %s stands at %s %s, which makes %s in all."
      .formatted(word, String.join(", ", spelled), letter, places.size() == 1 ? "place" : "places",
          String.join(" and ", places), places.size());
    List<String> chain = List.of(places.stream().map(place -> letter + "@" + place).collect(Collectors.joining(",")));
    return new Problem(instruction, reasoning, "" + places.size(), chain,
        answer -> word.length() - word.replace("" + letter, "").length() == Answers.numbers(answer).get(0));
  }

  private static char mostFrequent(String word) {
    char best = word.charAt(0);
    for (char letter : word.toCharArray()) {
      if (count(word, letter) > count(word, best)) {
        best = letter;
      }
    }
    return best;
  }

  private static long count(String word, char letter) {
    return word.chars().filter(c -> c == letter).count();
  }
}
