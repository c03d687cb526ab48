package org.coldstart.tokenizer;

import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The chat template for a base model, which comes without one. Where the vocabulary has the turn tokens of a family, as
 * that of Gemma's base models has {@code <start_of_turn>} and {@code <end_of_turn>}, it is the family's, in its plain
 * form: Gemma's (a system message goes in front of the first turn, as in Gemma 3), ChatML or Llama 3's. Elsewhere it is
 * that of DeepLearning.AI's course "Post-training of LLMs":
 *
 * <pre>{@code
 * User: What is 2 + 2?
 *
 * Assistant: 4 <|endoftext|>
 * }</pre>
 *
 * <p>
 * Without a generation prompt the text is the course's, to the character. Added are: the generation prompt
 * {@code Assistant:}; the token that ends a reply as the tokenizer's EOS (a tokenizer without {@code <|endoftext|>}
 * keeps its own); a BOS where the tokenizer puts one in front of every text (Llama, Gemma); and an error for another
 * role, which the course's template leaves out.
 */
public final class DefaultChatTemplate {

  /** Ends a reply of the course's template, if the tokenizer has it. */
  public static final String END_TOKEN = "<|endoftext|>";

  private static final System.Logger LOG = System.getLogger(DefaultChatTemplate.class.getName());
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

  /** Families by their turn tokens, the last of which ends a turn. */
  private enum Family {
    GEMMA("Gemma's", """
        {% if messages and messages[0]['role'] == 'system' %}
        {% set lead = messages[0]['content'] + '\n\n' %}
        {% set turns = messages[1:] %}
        {% else %}
        {% set lead = '' %}
        {% set turns = messages %}
        {% endif %}
        {% for message in turns %}
        <start_of_turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}
        {{ lead if loop.first else '' }}{{ message['content'] | trim }}<end_of_turn>
        {% endfor %}
        {% if add_generation_prompt %}
        <start_of_turn>model
        {% endif %}
        """, "<start_of_turn>", "<end_of_turn>"),

    CHATML("ChatML's", """
        {% for message in messages %}
        <|im_start|>{{ message['role'] }}
        {{ message['content'] }}<|im_end|>
        {% endfor %}
        {% if add_generation_prompt %}
        <|im_start|>assistant
        {% endif %}
        """, "<|im_start|>", "<|im_end|>"),

    LLAMA_3("Llama 3's", """
        {% for message in messages %}
        <|start_header_id|>{{ message['role'] }}<|end_header_id|>

        {{ message['content'] | trim }}<|eot_id|>{% endfor %}
        {% if add_generation_prompt %}
        <|start_header_id|>assistant<|end_header_id|>

        {% endif %}
        """, "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");

    private final String owner;
    private final String source;
    private final List<String> tokens;

    Family(String owner, String source, String... tokens) {
      this.owner = owner;
      this.source = source;
      this.tokens = List.of(tokens);
    }

    private static Optional<Family> of(Tokenizer tokenizer) {
      return Arrays.stream(values())
        .filter(f -> f.tokens.stream().allMatch(token -> isSpecial(tokenizer, token)))
        .findFirst();
    }
  }

  private DefaultChatTemplate() {}

  /**
   * Gives a tokenizer a template by the rule above, with the token that ends a reply for EOS, and says so once for each
   * origin; one without such a token gets none.
   */
  static void giveByVocabulary(Tokenizer tokenizer, String origin) {
    Optional<Family> family = Family.of(tokenizer);
    Optional<String> end = family.map(f -> f.tokens.get(f.tokens.size() - 1)).or(() -> endToken(tokenizer));
    if (end.isEmpty()) {
      return;
    }
    setTemplate(tokenizer, family.map(f -> f.source).orElseGet(() -> source(end.get())));
    tokenizer.setTurnEnd(end.get());
    if (TOLD.add(origin)) {
      LOG.log(Level.WARNING, "{0} has no chat template, like most base models; its tokenizer takes {1}", origin,
          family.map(f -> f.owner + ", whose turn tokens it has").orElse("the plain one: User: … Assistant: …"));
    }
  }

  /**
   * Gives a tokenizer the course's template whatever it has, and its EOS for pad token where it has none: a chat model
   * then reads conversations in a form it was not trained on, as a base model does.
   *
   * @throws IllegalStateException if it has no token that could end a reply
   */
  public static void give(Tokenizer tokenizer) {
    String end = endToken(tokenizer).orElseThrow(() -> new IllegalStateException(
        "the tokenizer has neither %1$s nor an eos_token; use addSpecialTokens(\"%1$s\") and resize the embedding"
          .formatted(END_TOKEN)));
    setTemplate(tokenizer, source(end));
    tokenizer.setEosToken(end);
    if (tokenizer.padToken().isEmpty()) {
      tokenizer.setPadToken(end);
    }
  }

  private static void setTemplate(Tokenizer tokenizer, String source) {
    tokenizer.setChatTemplate((tokenizer.addsBos() ? "{{ bos_token }}" : "") + source);
  }

  private static boolean isSpecial(Tokenizer tokenizer, String token) {
    return tokenizer.tokenToId(token).stream().anyMatch(tokenizer::isSpecial);
  }

  private static Optional<String> endToken(Tokenizer tokenizer) {
    return isSpecial(tokenizer, END_TOKEN) ? Optional.of(END_TOKEN) : tokenizer.textEnd();
  }

  private static String source(String end) {
    return "{% for message in messages %}"
        + "{% if message['role'] == 'system' %}System: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'user' %}User: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'assistant' %}Assistant: {{ message['content'] }} "
        + (end.equals(END_TOKEN) ? END_TOKEN : "{{ eos_token }}") + "\n"
        + "{% else %}{{ raise_exception('The default chat template knows the roles system, user and assistant, not '"
        + " + message['role'] + '.') }}{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}";
  }
}
