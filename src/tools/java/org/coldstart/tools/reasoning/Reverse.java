package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A word spelled backwards. */
final class Reverse implements ProblemKind {
  private static final List<String> WORDINGS = List.of("Write the word '%2$s' backwards.",
      "What do you get when you spell '%2$s' from the last letter to the first?",
      "%1$s writes '%2$s' in reverse order. What does %1$s write?", "Reverse the letters of the word '%2$s'.",
      "%1$s reads the word '%2$s' from right to left. Which letters come out, in order?",
      "Turn the word '%2$s' around, so that its last letter comes first.",
      "In a secret code, words are written backwards. How is '%2$s' written?");

  @Override
  public String name() {
    return "reverse";
  }

  @Override
  public Problem make(Draw draw) {
    String word = draw.pick(Words.ALL);
    String instruction = draw.pick(WORDINGS).formatted(draw.pick(Person.ALL), word);
    List<String> letters = new ArrayList<>(List.of(word.split("")));
    String forwards = String.join(", ", letters);
    Collections.reverse(letters);
    String reasoning = ("The letters of '%s' in order are %s. "
        + "From the last to the first they are %s. Put together, that is %s.")
      .formatted(word, forwards, String.join(", ", letters), String.join("", letters));
    List<String> chain = List.of(forwards.replace(", ", "-"), String.join("-", letters));
    return new Problem(instruction, reasoning, String.join("", letters), chain,
        answer -> new StringBuilder(answer).reverse().toString().equals(word));
  }
}
