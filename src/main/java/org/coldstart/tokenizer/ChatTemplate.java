package org.coldstart.tokenizer;

import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.coldstart.io.jinja.RenderedTemplate;
import org.coldstart.io.jinja.Template;
import org.coldstart.io.jinja.TemplateException;

/**
 * A model's chat template: turns a conversation into the one text the model was trained on, exactly as transformers'
 * {@code apply_chat_template} does.
 *
 * <pre>{@code
 * ChatTemplate template = ChatTemplate.parse(
 *     "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
 *     + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
 * template.render(List.of(Message.user("Hello!")), true, Map.of());
 * // <|im_start|>user\nHello!<|im_end|>\n<|im_start|>assistant\n
 * }</pre>
 *
 * <p>
 * Braces in a message are never taken for template code. Instances can be shared between threads.
 */
public final class ChatTemplate {

  /** The names under which a message's thoughts are handed over. */
  private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

  /** Stands where a reply is to be gone on with; the blank behind it shows whether the template trims. */
  private static final String END = "CONTINUE_FINAL_MESSAGE ";

  private final String source;
  private final Template template;
  private final Clock clock;

  private ChatTemplate(String source, Template template, Clock clock) {
    this.source = source;
    this.template = template;
    this.clock = clock;
  }

  /**
   * Parses a template.
   *
   * @param source Jinja source, as {@code chat_template} in {@code tokenizer_config.json} has it
   * @throws TemplateException if its syntax is wrong; the message starts with the line
   */
  public static ChatTemplate parse(String source) {
    return new ChatTemplate(source, Template.parse(source), Clock.systemDefaultZone());
  }

  /** The same template with another clock for {@code strftime_now}; the default is the system's. */
  public ChatTemplate withClock(Clock clock) {
    return new ChatTemplate(source, template, clock);
  }

  /** The template's source. */
  public String source() {
    return source;
  }

  /**
   * The conversation as the model reads it. As in transformers 5, fields that are null are left out, so that templates
   * see a message that only calls tools as one without content, and the thoughts of a message ({@code
   * reasoning_content}, {@code thinking} or {@code reasoning}) are there under the names that templates read.
   *
   * @param messages one at least
   * @param addGenerationPrompt whether to end with what opens an assistant's message
   * @param variables such as {@code bos_token}, {@code tools} or {@code enable_thinking}; {@code tools} and
   * {@code documents} are none if not given
   * @throws IllegalArgumentException if there are no messages
   * @throws TemplateException if the template refuses the conversation (the message is its own), fails, or goes over a
   * limit
   */
  public String render(List<Message> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
    return renderWithGeneration(messages, addGenerationPrompt, variables).text();
  }

  /** As {@link #render}, with the {@code {% generation %}} blocks (transformers' {@code assistant_masks}). */
  public RenderedTemplate renderWithGeneration(List<Message> messages, boolean addGenerationPrompt,
      Map<String, ?> variables) {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("the conversation is empty: give at least one message");
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("tools", null);
    all.put("documents", null);
    all.putAll(variables);
    all.put("messages", messages.stream().map(ChatTemplate::fields).toList());
    all.put("add_generation_prompt", addGenerationPrompt);
    return template.render(all, clock);
  }

  /**
   * The conversation up to the end of its last message's content, for the model to go on with (transformers'
   * {@code continue_final_message}); the turn is not closed. Where the template trims the content, so is the text.
   *
   * @throws IllegalArgumentException if the last message has no content, or the template does not write it as it is
   */
  public String renderContinued(List<Message> messages, Map<String, ?> variables) {
    Message last = messages.isEmpty() ? null : messages.get(messages.size() - 1);
    if (last == null || last.content() == null) {
      throw new IllegalArgumentException("there is no content in the last message to go on with");
    }
    List<Message> marked = new ArrayList<>(messages.subList(0, messages.size() - 1));
    marked.add(new Message(last.role(), last.content() + END, last.extra()));
    String text = render(marked, false, variables);
    int end = text.lastIndexOf(END.strip());
    if (end < 0 || !text.contains(last.content().strip())) {
      throw new IllegalArgumentException("the chat template does not write the last message as it is: \"%s\""
        .formatted(last.content()));
    }
    String before = text.substring(0, end);
    return text.startsWith(END, end) ? before : before.stripTrailing();
  }

  private static Map<String, Object> fields(Message message) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", message.role());
    fields.put("content", message.content());
    fields.putAll(message.extra());
    fields.values().removeIf(Objects::isNull);
    REASONING.stream().map(fields::get).filter(Objects::nonNull).findFirst().ifPresent(reasoning -> {
      fields.putIfAbsent("thinking", reasoning);
      fields.put("reasoning_content", reasoning);
    });
    return fields;
  }
}
