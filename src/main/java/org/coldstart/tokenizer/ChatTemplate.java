package org.coldstart.tokenizer;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
   * The conversation as the model reads it.
   *
   * @param addGenerationPrompt whether to end with what opens an assistant's message
   * @param variables such as {@code bos_token}, {@code tools} or {@code enable_thinking}; {@code tools} and
   * {@code documents} are none if not given
   * @throws TemplateException if the template refuses the conversation (the message is its own), fails, or goes over a
   * limit
   */
  public String render(List<Message> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
    return renderWithGeneration(messages, addGenerationPrompt, variables).text();
  }

  /** As {@link #render}, with the {@code {% generation %}} blocks (transformers' {@code assistant_masks}). */
  public RenderedTemplate renderWithGeneration(List<Message> messages, boolean addGenerationPrompt,
      Map<String, ?> variables) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("tools", null);
    all.put("documents", null);
    all.putAll(variables);
    all.put("messages", messages.stream().map(ChatTemplate::fields).toList());
    all.put("add_generation_prompt", addGenerationPrompt);
    return template.render(all, clock);
  }

  private static Map<String, Object> fields(Message message) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", message.role());
    fields.put("content", message.content());
    fields.putAll(message.extra());
    return fields;
  }
}
