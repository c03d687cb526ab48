package org.coldstart.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.TemplateException;

/**
 * What a model's chat template writes around the messages, read off the template itself. A turn is a prefix that names
 * its role, the content, and a suffix with the end-of-turn token.
 *
 * <pre>{@code
 * ChatFormat format = ChatFormat.of(tokenizer);
 * format.startToken();         // <|im_start|>, <|start_header_id|> …
 * format.endToken();           // <|im_end|>, <|eot_id|> …
 * format.prefix("user");       // <|im_start|>user\n
 * format.suffix();             // <|im_end|>\n
 * format.responseTemplate();   // <|im_start|>assistant\n, [/INST] …
 * }</pre>
 *
 * <p>
 * Where the template names no roles (Llama 2, Mistral) or a turn has no end, prefix and suffix are ChatML's with the
 * template's own start and end token.
 *
 * @param bos the BOS token where the template begins a conversation with it, else empty
 * @param beforeRole what stands before a role's name, such as {@code <|im_start|>}
 * @param afterRole what stands between a role's name and the content, such as a line feed
 * @param suffix what follows the content, such as {@code <|im_end|>\n}
 * @param assistant the template's name for the assistant, such as {@code model}
 * @param startToken the first token of the generation prompt, or of a conversation where there is none (Llama 2)
 * @param endToken the special token that follows a reply; the EOS token where none does
 * @param responseTemplate what stands in front of every reply, finished ones too: what TRL's completion-only collator
 * takes
 */
public record ChatFormat(String bos, String beforeRole, String afterRole, String suffix, String assistant,
    String startToken, String endToken, String responseTemplate) {

  private static final String PLACEHOLDER = "Probe7f";
  private static final Message QUESTION = Message.user(PLACEHOLDER + "Q");
  private static final Message REPLY = Message.assistant(PLACEHOLDER + "R");
  private static final Message MORE = Message.user(PLACEHOLDER + "M");
  private static final Pattern TURNS = Pattern
    .compile(QUESTION.content() + "(.*)" + REPLY.content() + "(.*)" + MORE.content() + "(.*)", Pattern.DOTALL);
  private static final Pattern USER = Pattern.compile("user", Pattern.CASE_INSENSITIVE);

  /**
   * The format of this tokenizer's chat template.
   *
   * @throws IllegalStateException if there is no template, as with a base model, or nothing that ends a reply
   * @throws TemplateException if the template refuses a question and its reply
   */
  public static ChatFormat of(Tokenizer tokenizer) {
    return new Reader(tokenizer).read();
  }

  /** What opens a turn of a role of this name. */
  public String prefix(String role) {
    return beforeRole + role + afterRole;
  }

  /** What opens every reply; an IllegalStateException if the template writes nothing there. */
  @Override
  public String responseTemplate() {
    if (responseTemplate.isBlank()) {
      throw new IllegalStateException(
          "the chat template writes nothing in front of a reply; take messages and LossOn.completions()");
    }
    return responseTemplate;
  }

  /** A text that is in no message: rendered in place of a content, it shows what the template writes around that. */
  public static String placeholder(List<Message> messages) {
    StringBuilder text = new StringBuilder(PLACEHOLDER);
    while (messages.stream().anyMatch(m -> m.content() != null && m.content().contains(text))) {
      text.append('X');
    }
    return text.toString();
  }

  /** Renders a question, its reply and another question, and compares the texts. */
  private static final class Reader {
    private final Tokenizer tokenizer;
    private final String question;
    private final String prompt;
    private final String answered;

    Reader(Tokenizer tokenizer) {
      this.tokenizer = tokenizer;
      question = tokenizer.applyChatTemplate(List.of(QUESTION), false);
      prompt = tokenizer.applyChatTemplate(List.of(QUESTION), true);
      answered = tokenizer.applyChatTemplate(List.of(QUESTION, REPLY), false);
    }

    ChatFormat read() {
      ChatFormat named = named();
      return named != null ? named : format(tokenizer.decode(startId()), "\n", endToken() + "\n", "assistant");
    }

    private ChatFormat format(String before, String after, String suffix, String assistant) {
      String bos = tokenizer.bosToken()
        .filter(token -> answered.startsWith(token) && !before.startsWith(token))
        .orElse("");
      String start = tokenizer.idToToken(startId());
      return new ChatFormat(bos, before, after, suffix, assistant, start, endToken(), responseTemplate());
    }

    /** The format of a template that names the roles and ends every turn alike, else null. */
    private ChatFormat named() {
      Matcher turns = TURNS.matcher(twoRounds());
      if (!turns.find()) {
        return null;
      }
      String end = turns.group(3);
      Matcher user = USER.matcher(turns.group(2));
      boolean ends = specialToken(end) != null && turns.group(2).startsWith(end);
      if (!ends || !user.find(end.length())) {
        return null;
      }
      String before = turns.group(2).substring(end.length(), user.start());
      String after = turns.group(2).substring(user.end());
      String reply = turns.group(1);
      int from = end.length() + before.length();
      int to = reply.length() - after.length();
      return from < to && reply.startsWith(end + before) && reply.endsWith(after)
          ? format(before, after, end, reply.substring(from, to))
          : null;
    }

    private String twoRounds() {
      try {
        return tokenizer.applyChatTemplate(List.of(QUESTION, REPLY, MORE), false);
      } catch (TemplateException oneRoundOnly) {
        return "";
      }
    }

    private int startId() {
      int from = promptStart(question, prompt);
      if (prompt.isEmpty()) {
        throw new IllegalStateException("the chat template writes nothing for a question whose content is text");
      }
      return from < prompt.length() ? tokenizer.encodePart(prompt, from, prompt.length()).ids()[0]
          : tokenizer.encode(prompt, false).ids()[0];
    }

    private String endToken() {
      String token = specialToken(behind(REPLY, answered));
      if (token == null && tokenizer.eosToken().isEmpty()) {
        throw new IllegalStateException(
            "the chat template writes no special token behind a reply, and the tokenizer names no eos_token");
      }
      return token != null ? token : tokenizer.eosToken().get();
    }

    private String responseTemplate() {
      String closed = behind(QUESTION, question);
      String open = behind(QUESTION, prompt);
      String reply = behind(QUESTION, answered);
      String between = reply.substring(0, Math.max(0, reply.indexOf(REPLY.content())));
      if (open.equals(closed)) {
        String rest = between.startsWith(closed) ? between.substring(closed.length()) : "";
        return rest.isBlank() ? closed.stripLeading() : rest;
      }
      int from = promptStart(closed, open);
      return open.substring(from, Math.max(from, sameTokens(open, between)));
    }

    /** Where what the generation prompt adds begins. */
    private int promptStart(String closed, String open) {
      return open.startsWith(closed) ? closed.length() : sameTokens(open, closed);
    }

    /** How far two texts are the same by whole tokens: {@code <think>} and {@code <a>}: 0. */
    private int sameTokens(String one, String other) {
      Encoding tokens = tokenizer.encode(one, false);
      int same = Arrays.mismatch(tokens.ids(), tokenizer.encode(other, false).ids());
      int last = (same < 0 ? tokens.size() : same) - 1;
      return last < 0 ? 0 : tokens.offsets().get(last).end();
    }

    /** The first special token in a text, or null. */
    private String specialToken(String text) {
      return Arrays.stream(tokenizer.encode(text, false).ids())
        .filter(tokenizer::isSpecial)
        .mapToObj(tokenizer::idToToken)
        .findFirst()
        .orElse(null);
    }

    private static String behind(Message message, String text) {
      int at = text.lastIndexOf(message.content());
      return at < 0 ? "" : text.substring(at + message.content().length());
    }
  }
}
