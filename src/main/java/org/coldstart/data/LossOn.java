package org.coldstart.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Message;

/**
 * Which tokens of a row carry loss. Where a turn does, its end-of-turn token does as well; what the template puts
 * behind that, such as a line feed, does not.
 */
public final class LossOn {
  private final Function<Text.Rendered, List<Span>> inText;
  private final Function<ChatRow, List<Span>> inChat;
  private final boolean needsStop;

  private LossOn(Function<Text.Rendered, List<Span>> inText, Function<ChatRow, List<Span>> inChat, boolean needsStop) {
    this.inText = inText;
    this.inChat = inChat;
    this.needsStop = needsStop;
  }

  /** Every token: language modelling, TRL's default for text and messages. */
  public static LossOn everything() {
    return new LossOn(row -> List.of(new Span(0, row.text().length())),
        row -> List.of(new Span(0, row.text().length())), false);
  }

  /**
   * What follows the prompt (TRL's {@code completion_only_loss}): the completion of a prompt, the whole of a text
   * without prompt, all assistant turns of a conversation without prompt.
   */
  public static LossOn completions() {
    return new LossOn(row -> List.of(row.reply(row.promptEnd(), row.text().length())),
        row -> row.promptTurns() == 0 ? assistantTurns().in(row)
            : turns(row, Set.of("assistant"), turn -> turn >= row.promptTurns()),
        true);
  }

  /**
   * All assistant turns (TRL's {@code assistant_only_loss}): what the template's {@code {% generation %}} blocks cover
   * if it has such, else each turn from where generation would begin.
   */
  public static LossOn assistantTurns() {
    LossOn turns = roles("assistant");
    return new LossOn(turns.inText, row -> row.generated().isEmpty() ? turns.in(row) : row.generated(), true);
  }

  /** The turns of these roles, such as {@code reasoning} and {@code assistant}. */
  public static LossOn roles(String... roles) {
    Set<String> wanted = Set.of(roles);
    return new LossOn(row -> {
      throw new IllegalArgumentException(
          "a plain text has no turns; give messages, or use LossOn.after(responseTemplate).");
    }, row -> turns(row, wanted, turn -> true), true);
  }

  /**
   * What follows the last response template, such as {@code <start_of_turn>model\n}, to the end of the text; TRL's
   * former {@code DataCollatorForCompletionOnlyLM(response_template)}. In a conversation only what the chat template
   * writes is searched, never a message's content, and the loss ends with the turn.
   *
   * @param responseTemplate opens a reply, exactly as the text has it;
   * {@link org.coldstart.tokenizer.ChatFormat#responseTemplate()} reads it off a model's chat template
   */
  public static LossOn after(String responseTemplate) {
    String response = required(responseTemplate);
    return new LossOn(row -> repliesIn(row, null, response), row -> {
      List<Span> replies = repliesIn(row, response);
      return replies.subList(replies.size() - 1, replies.size());
    }, true);
  }

  /**
   * What stands between each response template and the next instruction template; TRL's former
   * {@code DataCollatorForCompletionOnlyLM(response_template, instruction_template)}. In a conversation: each turn that
   * the response template opens.
   */
  public static LossOn between(String instructionTemplate, String responseTemplate) {
    String instruction = required(instructionTemplate);
    String response = required(responseTemplate);
    return new LossOn(row -> repliesIn(row, instruction, response), row -> repliesIn(row, response), true);
  }

  List<Span> in(Text.Rendered row) {
    return inText.apply(row);
  }

  List<Span> in(ChatRow row) {
    return row.withoutWeightless(inChat.apply(row));
  }

  /** Whether the kept part must have a token that ends it. */
  boolean needsStop() {
    return needsStop;
  }

  private static List<Span> turns(ChatRow row, Set<String> roles, IntPredicate among) {
    List<Message> messages = row.messages();
    List<Span> turns = IntStream.range(0, messages.size())
      .filter(turn -> among.test(turn) && roles.contains(messages.get(turn).role()))
      .mapToObj(row::turn)
      .toList();
    if (turns.isEmpty()) {
      throw new IllegalArgumentException("no token carries loss, for there is no %s turn to learn from, only %s."
        .formatted(String.join(" or ", new TreeSet<>(roles)),
            messages.stream().map(Message::role).collect(Collectors.joining(", "))));
    }
    return turns;
  }

  /** The turns that the template opens with the response template. */
  private static List<Span> repliesIn(ChatRow row, String response) {
    List<Span> replies = new ArrayList<>();
    for (int i = 0; i < row.messages().size(); i++) {
      int at = row.writes(i) ? row.text().lastIndexOf(response, row.start(i) - 1) : -1;
      if (at >= 0 && at >= row.headerStart(i)) {
        replies.add(new Span(at + response.length(), row.turn(i).end()));
      }
    }
    requireFound(!replies.isEmpty(), "response", response);
    return replies;
  }

  /** What follows each response template up to an instruction template; if that is null, the last one's to the end. */
  private static List<Span> repliesIn(Text.Rendered row, String instruction, String response) {
    String text = row.text();
    requireFound(instruction == null || text.contains(instruction), "instruction", instruction);
    List<Span> replies = new ArrayList<>();
    int at = instruction == null ? text.lastIndexOf(response) : text.indexOf(response);
    while (at >= 0) {
      int start = at + response.length();
      int next = instruction == null ? -1 : text.indexOf(instruction, start);
      int end = next < 0 ? text.length() : next;
      if (row.isEmpty(start, end)) {
        throw new IllegalArgumentException("no reply follows the response template '" + shown(response) + "'.");
      }
      replies.add(row.reply(start, end));
      at = text.indexOf(response, end);
    }
    requireFound(!replies.isEmpty(), "response", response);
    return replies;
  }

  private static String required(String template) {
    if (template.isEmpty()) {
      throw new IllegalArgumentException("A response or instruction template must not be empty.");
    }
    return template;
  }

  private static void requireFound(boolean found, String which, String template) {
    if (!found) {
      throw new IllegalArgumentException(
          "the %s template '%s' is not in the row; write it exactly as the rendered text has it.".formatted(which,
              shown(template)));
    }
  }

  private static String shown(String template) {
    return template.replace("\n", "\\n");
  }
}
