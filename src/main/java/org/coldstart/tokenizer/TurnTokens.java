package org.coldstart.tokenizer;

import org.coldstart.io.jinja.TemplateException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The tokens between which a model's chat template puts a turn, read off the template itself.
 *
 * <pre>{@code
 * TurnTokens.of(tokenizer).start()   // <|im_start|>, <|start_header_id|>, <start_of_turn> …
 * }</pre>
 *
 * @param start the first token of the generation prompt; where a template has none (Llama 2), the
 *     first token of a conversation
 * @param end the special token, or EOS, that follows a reply; the EOS token where none does
 */
public record TurnTokens(String start, String end) {

  private static final Message QUESTION = Message.user("Hi!");
  private static final Message REPLY = Message.assistant("Hello!");

  /**
   * The tokens of this tokenizer's template, in the vocabulary's own spelling.
   *
   * @throws IllegalStateException if there is no template, as with a base model, or nothing that
   *     ends a reply
   * @throws TemplateException if the template refuses a question and its reply
   */
  public static TurnTokens of(Tokenizer tokenizer) {
    return new TurnTokens(start(tokenizer), end(tokenizer));
  }

  /** Whether a token can end a turn: EOS and special tokens can, and the template chooses. */
  public static boolean canEndTurn(Tokenizer tokenizer, int id) {
    OptionalInt eos = tokenizer.eosTokenId();
    return tokenizer.isSpecial(id) || eos.isPresent() && eos.getAsInt() == id;
  }

  private static String start(Tokenizer tokenizer) {
    List<Message> question = List.of(QUESTION);
    int[] closed = ids(tokenizer, tokenizer.applyChatTemplate(question, false));
    int[] open = ids(tokenizer, tokenizer.applyChatTemplate(question, true));
    int added = Arrays.mismatch(closed, open);
    boolean hasPrompt = added >= 0 && added < open.length;
    return tokenizer.idToToken(open[hasPrompt ? added : 0]);
  }

  private static String end(Tokenizer tokenizer) {
    String chat = tokenizer.applyChatTemplate(List.of(QUESTION, REPLY), false);
    String tail = chat.substring(chat.lastIndexOf(REPLY.content()) + REPLY.content().length());
    return IntStream.of(ids(tokenizer, tail))
        .filter(id -> canEndTurn(tokenizer, id))
        .mapToObj(tokenizer::idToToken)
        .findFirst()
        .or(tokenizer::eosToken)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "the chat template writes no special token behind a reply, and the tokenizer"
                        + " names no eos_token"));
  }

  private static int[] ids(Tokenizer tokenizer, String text) {
    return tokenizer.encode(text, false).ids();
  }
}
