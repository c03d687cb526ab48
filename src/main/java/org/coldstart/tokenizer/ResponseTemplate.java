package org.coldstart.tokenizer;

import org.coldstart.io.jinja.TemplateException;
import java.util.Arrays;
import java.util.List;

/**
 * What opens a reply in a model's chats, such as {@code <start_of_turn>model\n} or {@code
 * <|im_start|>assistant\n}: the {@code response_template} that TRL's completion-only collator asks
 * for, read off the model's own chat template.
 *
 * <pre>{@code
 * new ExampleBuilder(tokenizer).lossOn(LossOn.after(ResponseTemplate.of(tokenizer)));
 * }</pre>
 */
public final class ResponseTemplate {

  private static final String QUESTION = "Question7f";
  private static final String REPLY = "Reply7f";

  private ResponseTemplate() {}

  /**
   * The response template of this tokenizer's chat template: of the generation prompt, what stands
   * in front of a reply in a finished conversation, too. Where there is no generation prompt, it is
   * what the template writes between a question and its reply ({@code [/INST]} for Llama 2).
   *
   * @throws IllegalStateException if there is no chat template, as with a base model, or it writes
   *     nothing in front of a reply
   * @throws TemplateException if the template refuses a question and its reply
   */
  public static String of(Tokenizer tokenizer) {
    List<Message> question = List.of(Message.user(QUESTION));
    List<Message> chat = List.of(Message.user(QUESTION), Message.assistant(REPLY));
    String closed = behindQuestion(tokenizer.applyChatTemplate(question, false));
    String open = behindQuestion(tokenizer.applyChatTemplate(question, true));
    String answered = behindQuestion(tokenizer.applyChatTemplate(chat, false));
    String between = answered.substring(0, Math.max(0, answered.indexOf(REPLY)));
    String found =
        open.equals(closed)
            ? withoutPrompt(closed, between)
            : prompt(tokenizer, open, closed, between);
    if (found.isBlank()) {
      throw new IllegalStateException(
          "the chat template writes nothing in front of a reply that could be found again; take"
              + " messages and LossOn.completions()");
    }
    return found;
  }

  /** The part of the generation prompt that a finished conversation has as well. */
  private static String prompt(Tokenizer tokenizer, String open, String closed, String between) {
    int from = open.startsWith(closed) ? closed.length() : shared(tokenizer, open, closed);
    int to = shared(tokenizer, open, between);
    return to > from ? open.substring(from, to) : "";
  }

  /** How far two texts are the same, by whole tokens: {@code <think>} and {@code <a>} not at all. */
  private static int shared(Tokenizer tokenizer, String one, String other) {
    Encoding tokens = tokenizer.encode(one, false);
    int count = Arrays.mismatch(tokens.ids(), tokenizer.encode(other, false).ids());
    int last = (count < 0 ? tokens.size() : count) - 1;
    return last < 0 ? 0 : tokens.offsets().get(last).end();
  }

  private static String withoutPrompt(String closed, String between) {
    String rest = between.startsWith(closed) ? between.substring(closed.length()) : "";
    return rest.isBlank() ? closed.stripLeading() : rest;
  }

  private static String behindQuestion(String text) {
    int at = text.lastIndexOf(QUESTION);
    return at < 0 ? "" : text.substring(at + QUESTION.length());
  }
}
