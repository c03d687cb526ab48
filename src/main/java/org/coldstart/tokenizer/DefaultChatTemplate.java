package org.coldstart.tokenizer;

/**
 * The plain chat template for a base model, which comes without one: that of DeepLearning.AI's course "Post-training of
 * LLMs".
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

  /** Ends a reply, if the tokenizer has it. */
  public static final String END_TOKEN = "<|endoftext|>";

  private DefaultChatTemplate() {}

  /**
   * Gives a tokenizer without chat template this one, and one without pad token its EOS for that; what the tokenizer
   * has stays.
   *
   * @throws IllegalStateException if it has neither a template nor a token that could end a reply
   */
  public static void giveIfMissing(Tokenizer tokenizer) {
    if (!tokenizer.hasChatTemplate() || tokenizer.chatTemplate().source().isBlank()) {
      give(tokenizer);
    }
    padWithEos(tokenizer);
  }

  /**
   * Gives a tokenizer this template whatever it has: a chat model then reads conversations in a form it was not trained
   * on, as a base model does.
   *
   * @throws IllegalStateException if it has no token that could end a reply
   */
  public static void give(Tokenizer tokenizer) {
    String end = endToken(tokenizer);
    tokenizer.setChatTemplate(source(tokenizer.addsBos(), end));
    tokenizer.setEosToken(end);
    padWithEos(tokenizer);
  }

  private static void padWithEos(Tokenizer tokenizer) {
    if (tokenizer.padToken().isEmpty()) {
      tokenizer.eosToken().ifPresent(tokenizer::setPadToken);
    }
  }

  private static String endToken(Tokenizer tokenizer) {
    if (tokenizer.tokenToId(END_TOKEN).stream().anyMatch(tokenizer::isSpecial)) {
      return END_TOKEN;
    }
    return tokenizer.eosToken()
      .orElseThrow(() -> new IllegalStateException(
          "the tokenizer has neither %1$s nor an eos_token; use addSpecialTokens(\"%1$s\") and resize the embedding"
            .formatted(END_TOKEN)));
  }

  private static String source(boolean bos, String end) {
    return (bos ? "{{ bos_token }}" : "") + "{% for message in messages %}"
        + "{% if message['role'] == 'system' %}System: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'user' %}User: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'assistant' %}Assistant: {{ message['content'] }} "
        + (end.equals(END_TOKEN) ? END_TOKEN : "{{ eos_token }}") + "\n"
        + "{% else %}{{ raise_exception('The default chat template knows the roles system, user and assistant, not '"
        + " + message['role'] + '.') }}{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}";
  }
}
