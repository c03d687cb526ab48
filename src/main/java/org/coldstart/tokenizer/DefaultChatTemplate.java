package org.coldstart.tokenizer;

/**
 * The plain chat template for a base model, which comes without one: {@code System:}, {@code User:} and
 * {@code Assistant:} in front of what is said, and {@code <|endoftext|>} behind a reply. It is the one of
 * DeepLearning.AI's course "Post-training of LLMs".
 *
 * <pre>{@code
 * User: What is 2 + 2?
 *
 * Assistant: 4 <|endoftext|>
 * }</pre>
 *
 * <p>
 * Without a generation prompt the text is the course's, to the character. Four things are added, for without them the
 * template would not serve:
 *
 * <ul>
 * <li>The generation prompt is {@code Assistant:}; the course's template has none, and the model has to guess who
 * speaks next.
 * <li>The token that ends a reply becomes the tokenizer's EOS, so that a reply ends there. A tokenizer without
 * {@code <|endoftext|>} uses its own EOS in the template instead.
 * <li>A BOS stands first where the tokenizer puts one in front of every text (Llama, Gemma).
 * <li>Another role is refused, where the course's template leaves the message out.
 * </ul>
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
          ("the default chat template needs a token that ends a reply, and this tokenizer"
              + " has neither %1$s nor an eos_token; add one with"
              + " addSpecialTokens(\"%1$s\") and resize the model's embedding")
            .formatted(END_TOKEN)));
  }

  private static String source(boolean bos, String end) {
    return (bos ? "{{ bos_token }}" : "") + "{% for message in messages %}"
        + "{% if message['role'] == 'system' %}System: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'user' %}User: {{ message['content'] }}\n\n"
        + "{% elif message['role'] == 'assistant' %}Assistant: {{ message['content'] }} "
        + (end.equals(END_TOKEN) ? END_TOKEN : "{{ eos_token }}") + "\n"
        + "{% else %}{{ raise_exception('The default chat template knows the roles system, user"
        + " and assistant, not ' + message['role'] + '.') }}" + "{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}Assistant:{% endif %}";
  }
}
