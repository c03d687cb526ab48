package org.coldstart.tokenizer;

import java.util.List;

/**
 * A text that stands in for a message's content while a chat template is rendered, so that what the
 * template does with the content can be seen in what it writes.
 */
public final class Probe {

  private static final String SHORTEST = "Probe7f";

  private Probe() {}

  /** A text that is in no message's content. */
  public static String notIn(List<Message> messages) {
    String probe = SHORTEST;
    while (isIn(messages, probe)) {
      probe += "X";
    }
    return probe;
  }

  private static boolean isIn(List<Message> messages, String text) {
    return messages.stream().anyMatch(m -> m.content() != null && m.content().contains(text));
  }
}
