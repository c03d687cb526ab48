package org.coldstart.evaluate;

import java.util.List;
import org.coldstart.generate.Generation;

/**
 * How replies end and how long they are, whatever they say: what instruction tuning changes first in a base model.
 *
 * @param replies at least one
 */
public record ReplyLengths(List<Generation> replies) {

  /** Copies the replies. */
  public ReplyLengths {
    replies = List.copyOf(replies);
    if (replies.isEmpty()) {
      throw new IllegalArgumentException("There is no reply to measure.");
    }
  }

  /** Replies that the model ended itself; the others were cut off. */
  public Proportion ended() {
    return Proportion.of(replies, Generation::ended);
  }

  /** Tokens of a reply on average, its end token included. */
  public double meanTokens() {
    return replies.stream().mapToInt(reply -> reply.ids().length).average().orElseThrow();
  }

  /** Tokens of each reply, its end token included. */
  public int[] tokens() {
    return replies.stream().mapToInt(reply -> reply.ids().length).toArray();
  }
}
