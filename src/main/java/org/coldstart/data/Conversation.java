package org.coldstart.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.tokenizer.Message;

/**
 * Messages in order, for the model's chat template.
 *
 * @param messages all of them
 * @param promptTurns how many of them, from the first, are only the prompt of what follows; 0 where there is no such
 * boundary
 * @param variables further ones for the chat template, such as {@code tools}
 */
public record Conversation(List<Message> messages, int promptTurns, Map<String, Object> variables) implements Sample {

  public Conversation {
    messages = List.copyOf(messages);
    variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    if (promptTurns < 0 || promptTurns > 0 && promptTurns >= messages.size()) {
      throw new IllegalArgumentException(
          "promptTurns must leave a message to learn: %d of %d messages.".formatted(promptTurns, messages.size()));
    }
  }

  /** A conversation without further variables. */
  public Conversation(List<Message> messages, int promptTurns) {
    this(messages, promptTurns, Map.of());
  }

  /** A conversation without a boundary between prompt and completion. */
  public Conversation(List<Message> messages) {
    this(messages, 0);
  }

  /** A conversation of these messages. */
  public static Conversation of(Message... messages) {
    return new Conversation(List.of(messages));
  }

  /** The conversation in a row, as {@link SampleFormatter#conversation(DataRow)} of the standard one reads it. */
  public static Conversation of(DataRow row) {
    return SampleFormatter.standard().conversation(row);
  }
}
