package org.coldstart.evaluate;

import java.util.Locale;
import java.util.Optional;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.generate.Generation;

/**
 * A reply set against what was asked for.
 *
 * @param instruction the question
 * @param expected the right answer
 * @param reply what the model said
 */
public record ScoredReply(String instruction, String expected, Generation reply) {

  /** Whether the reply has the four tags in order, once each, and the model ended it itself. */
  public boolean wellFormed() {
    return reply.ended() && parsed().isPresent();
  }

  /**
   * Whether the reply is well-formed and its answer is the right one, but for case and a final
   * period.
   */
  public boolean exact() {
    return wellFormed() && alike(parsed().get().answer(), expected);
  }

  /**
   * Whether the right answer stands anywhere in the reply as words of its own: lenient, for untuned
   * models.
   */
  public boolean mentioned() {
    return (" " + words(reply.text()) + " ").contains(" " + words(expected) + " ");
  }

  private Optional<ThinkAnswer> parsed() {
    return ThinkAnswer.parse(reply.text());
  }

  /** Whether two answers are the same but for case, blanks around them and a final period. */
  static boolean alike(String answer, String expected) {
    return canonical(answer).equals(canonical(expected));
  }

  private static String canonical(String answer) {
    return answer.strip().replaceAll("\\.$", "").toLowerCase(Locale.ROOT);
  }

  private static String words(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}.]+|\\.(?!\\d)", " ").strip();
  }
}
