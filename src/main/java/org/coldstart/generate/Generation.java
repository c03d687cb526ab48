package org.coldstart.generate;

/**
 * A reply.
 *
 * @param ids the new tokens, the end token included if one came
 * @param text the reply as text, special tokens left out
 * @param stop why it ended
 */
public record Generation(int[] ids, String text, Stop stop) {

  /** Why a reply ended. */
  public enum Stop {
    /** The model generated one of its end tokens. */
    END_TOKEN,
    /** The allowed number of tokens, or the model's own limit, was reached. */
    LENGTH,
    /** The thread was interrupted; the reply is what there was. */
    INTERRUPTED
  }

  /** Whether the model ended the reply itself. */
  public boolean ended() {
    return stop == Stop.END_TOKEN;
  }
}
