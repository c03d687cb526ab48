package org.coldstart.data;

import java.util.ArrayList;
import java.util.List;
import org.coldstart.tokenizer.Message;

/**
 * What a model is given and what it is to say, as in TRL's prompt-completion data sets.
 *
 * @param prompt the conversation so far
 * @param completion the reply to learn; its tokens, the end-of-turn token included, carry the loss
 */
public record PromptCompletion(List<Message> prompt, Message completion) implements Sample {

  /** One question, one answer. */
  public static PromptCompletion of(String user, String assistant) {
    return new PromptCompletion(List.of(Message.user(user)), Message.assistant(assistant));
  }

  /** Prompt and completion as one conversation that knows where the prompt ends. */
  public Conversation conversation() {
    List<Message> messages = new ArrayList<>(prompt);
    messages.add(completion);
    return new Conversation(messages, prompt.size());
  }
}
