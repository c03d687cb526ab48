package org.coldstart.generate;

import java.util.stream.Stream;
import org.coldstart.data.ReasoningRole;

/**
 * A reply in two phases: the model's reasoning, and its answer.
 *
 * @param reasoning the first phase
 * @param answer the second; empty and interrupted where the first was interrupted
 * @param promptTokens the conversation's ids before the reasoning, its opening included
 * @param readBefore how many of them were run through the model; the others were in its cache
 * @param readBetween ids read between the phases: the end of the reasoning and the header of the answer, and all before
 * them where there was no cache
 */
public record TwoPhaseReply(Generation reasoning, Generation answer, int promptTokens, int readBefore,
    int readBetween) {

  /**
   * Whether both phases have text and were ended by the model itself, and neither holds the mark of the reasoning role,
   * which only the template is to write.
   */
  public boolean wellFormed() {
    return Stream.of(reasoning, answer)
      .allMatch(part -> part.ended() && !part.text().isBlank() && !part.text().contains(ReasoningRole.TOKEN));
  }

  /** Tokens that the model wrote in both phases. */
  public int newTokens() {
    return reasoning.ids().length + answer.ids().length;
  }
}
