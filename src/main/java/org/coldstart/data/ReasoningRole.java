package org.coldstart.data;

import java.util.List;
import java.util.function.Function;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Conversations in which the model thinks in a turn of its own, opened by {@code <|reasoning|>}, before it answers:
 * system → user → reasoning → assistant.
 *
 * <pre>{@code
 * tokenizer.addSpecialTokens(ReasoningRole.TOKEN);   // or leave it plain text
 * ReasoningRole.prepareConversationTemplate(tokenizer);
 * Conversation chat = ReasoningRole.conversation("2 + 3?", "2 and 3 make 5.", "5");
 * Example example = ReasoningRole.createAnswerMask(tokenizer, chat);
 * }</pre>
 */
public final class ReasoningRole {

  /** What the template writes for the role. */
  public static final String TOKEN = "<|reasoning|>";

  /** The role of a message in which the model thinks. */
  public static final String ROLE = "reasoning";

  /** The article's system message. */
  public static final String SYSTEM = "You are a helpful assistant";

  private static final String ASSISTANT = "assistant";
  private static final List<String> ROLES = List.of("system", "user", ROLE, ASSISTANT);

  private ReasoningRole() {}

  /**
   * Gives a tokenizer a chat template that knows the reasoning role, in the {@link ChatFormat} of the one it had.
   * {@code add_reasoning_generation_prompt} opens the model's reasoning, {@code add_assistant_generation_prompt} (or
   * the usual {@code add_generation_prompt}) its answer. A second call changes nothing.
   *
   * @return the template's source
   * @throws IllegalStateException if the tokenizer has no template to read the format off
   */
  public static String prepareConversationTemplate(Tokenizer tokenizer) {
    ChatFormat format = ChatFormat.of(tokenizer);
    // Where roles stand as <|user|>, the token is the whole mark.
    String reasoning = format.prefix(TOKEN).replace("<|" + TOKEN + "|>", TOKEN);
    String source = """
        {%%- set headers = {'system': %s
          , 'user': %s
          , 'reasoning': %s
          , 'assistant': %s} %%}
        {{- %s }}
        {%%- for message in messages %%}
        {%%- if message['role'] not in headers %%}
        {{- raise_exception("Unknown role '" + message['role'] + "': the roles are \
        system, user, reasoning and assistant.") }}
        {%%- endif %%}
        {{- headers[message['role']] + message['content'] + %s }}
        {%%- endfor %%}
        {%%- if add_reasoning_generation_prompt %%}
        {{- headers['reasoning'] }}
        {%%- elif add_assistant_generation_prompt or add_generation_prompt %%}
        {{- headers['assistant'] }}
        {%%- endif -%%}""".formatted(literal(format.prefix("system")), literal(format.prefix("user")),
        literal(reasoning), literal(format.prefix(format.assistant())), literal(format.bos()),
        literal(format.suffix()));
    tokenizer.setChatTemplate(source);
    return source;
  }

  private static String literal(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
  }

  /**
   * A question with its reasoning and answer, under the article's system message.
   *
   * @throws DataException if one of them is empty
   */
  public static Conversation conversation(String question, String reasoning, String answer) {
    return checked(turns(question, reasoning, answer), ReasoningRole::refusal);
  }

  /**
   * The same, read from three columns of a row.
   *
   * @throws DataException naming the row if a column is missing or one of the texts is empty
   */
  public static Conversation conversation(DataRow row, String question, String reasoning, String answer) {
    return checked(turns(row.text(question), row.text(reasoning), row.text(answer)), row::problem);
  }

  private static Conversation turns(String question, String reasoning, String answer) {
    return Conversation.of(Message.system(SYSTEM), Message.user(question), Message.of(ROLE, reasoning),
        Message.assistant(answer));
  }

  /**
   * Ids and mask of a conversation, made in one pass: the loss lies on the reasoning and the assistant turns, on each
   * with its end token, and on nothing that the template writes around them.
   *
   * @throws DataException naming the turn if a role is not known, a turn is empty (a system message may be), or a
   * reasoning turn has no assistant turn after it; if there is no assistant turn at all; or as
   * {@link ExampleBuilder#build(long, Sample)}
   */
  public static Example createAnswerMask(Tokenizer tokenizer, Conversation conversation) {
    return builder(tokenizer).build(1, checked(conversation, ReasoningRole::refusal));
  }

  /** Makes such examples of whole data sets. */
  public static ExampleBuilder builder(Tokenizer tokenizer) {
    return new ExampleBuilder(tokenizer).lossOn(LossOn.roles(ROLE, ASSISTANT));
  }

  private static Conversation checked(Conversation conversation, Function<String, DataException> failure) {
    String fault = fault(conversation.messages());
    if (fault != null) {
      throw failure.apply(fault);
    }
    return conversation;
  }

  private static DataException refusal(String fault) {
    return new DataException(Character.toUpperCase(fault.charAt(0)) + fault.substring(1));
  }

  /** What keeps a conversation from being learnt, or null. */
  private static String fault(List<Message> messages) {
    for (int i = 0; i < messages.size(); i++) {
      String role = messages.get(i).role();
      String content = messages.get(i).content();
      String next = i + 1 < messages.size() ? messages.get(i + 1).role() : "";
      if (!ROLES.contains(role)) {
        return "turn %d has the unknown role '%s'; known are %s.".formatted(i + 1, role, String.join(", ", ROLES));
      }
      if (!role.equals("system") && (content == null || content.isBlank())) {
        return "turn %d (%s) is empty.".formatted(i + 1, role);
      }
      if (role.equals(ROLE) && !next.equals(ASSISTANT)) {
        return "turn %d (reasoning) has no assistant turn after it, so no answer to learn.".formatted(i + 1);
      }
    }
    return messages.stream().anyMatch(message -> message.role().equals(ASSISTANT)) ? null
        : "the conversation has no assistant turn to learn.";
  }
}
