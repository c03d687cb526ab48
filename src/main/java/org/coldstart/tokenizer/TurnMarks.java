package org.coldstart.tokenizer;

import org.coldstart.io.jinja.TemplateException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What a model's chat template writes around a turn, read off the template itself, so that turns of
 * a new role can be written in the same way: a turn is {@code before}, a role's name, {@code
 * after}, the content, {@code end}.
 *
 * <p>Where the template names no roles (Llama 2, Mistral), ChatML's form stands in, with the tokens
 * by which the template begins and ends.
 *
 * @param opening what begins a conversation: the BOS token where the template writes one
 * @param before what a turn begins with, such as {@code <|im_start|>}
 * @param after what stands between a role's name and the content, such as a line feed
 * @param end what ends a turn, its end token and what follows, such as {@code <|im_end|>\n}
 * @param assistant the template's name for the assistant, such as {@code model}
 */
public record TurnMarks(String opening, String before, String after, String end, String assistant) {

  private static final Message QUESTION = Message.user("Probe7fQ");
  private static final Message REPLY = Message.assistant("Probe7fA");
  private static final Message MORE = Message.user("Probe7fM");
  private static final Pattern USER = Pattern.compile("user", Pattern.CASE_INSENSITIVE);

  /**
   * The marks of this tokenizer's template.
   *
   * @throws IllegalStateException if there is no template, as with a base model, or nothing that
   *     ends a reply
   * @throws TemplateException if the template refuses a question, its reply and another question
   */
  public static TurnMarks of(Tokenizer tokenizer) {
    String text = tokenizer.applyChatTemplate(List.of(QUESTION, REPLY, MORE), false);
    return read(text, tokenizer).orElseGet(() -> chatMl(text, tokenizer));
  }

  /** What opens a turn of a role of this name. */
  public String header(String role) {
    return before + role + after;
  }

  private static Optional<TurnMarks> read(String text, Tokenizer tokenizer) {
    Pattern shape =
        Pattern.compile(
            QUESTION.content() + "(.*)" + REPLY.content() + "(.*)" + MORE.content() + "(.*)",
            Pattern.DOTALL);
    Matcher turns = shape.matcher(text);
    if (!turns.find()) {
      return Optional.empty();
    }
    String end = turns.group(3);
    boolean ends = stops(end, tokenizer);
    if (!ends || !turns.group(1).startsWith(end) || !turns.group(2).startsWith(end)) {
      return Optional.empty();
    }
    String assistant = turns.group(1).substring(end.length());
    String user = turns.group(2).substring(end.length());
    Matcher name = USER.matcher(user);
    return name.find()
        ? named(user.substring(0, name.start()), user.substring(name.end()), end, assistant)
            .map(marks -> marks.opened(text, tokenizer))
        : Optional.empty();
  }

  private static Optional<TurnMarks> named(String before, String after, String end, String header) {
    boolean alike =
        header.length() > before.length() + after.length()
            && header.startsWith(before)
            && header.endsWith(after);
    return alike
        ? Optional.of(
            new TurnMarks(
                "",
                before,
                after,
                end,
                header.substring(before.length(), header.length() - after.length())))
        : Optional.empty();
  }

  private static TurnMarks chatMl(String text, Tokenizer tokenizer) {
    TurnTokens tokens = TurnTokens.of(tokenizer);
    String start = tokenizer.decode(tokenizer.id(tokens.start()));
    return new TurnMarks("", start, "\n", tokens.end() + "\n", "assistant").opened(text, tokenizer);
  }

  private TurnMarks opened(String text, Tokenizer tokenizer) {
    String bos =
        tokenizer
            .bosToken()
            .filter(token -> text.startsWith(token) && !before.startsWith(token))
            .orElse("");
    return new TurnMarks(bos, before, after, end, assistant);
  }

  /** Whether a token by which a reply can end is in the text. */
  private static boolean stops(String text, Tokenizer tokenizer) {
    return IntStream.of(tokenizer.encode(text, false).ids())
        .anyMatch(id -> TurnTokens.canEndTurn(tokenizer, id));
  }
}
