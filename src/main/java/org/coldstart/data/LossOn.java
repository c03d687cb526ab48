package org.coldstart.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Message;
import org.coldstart.io.jinja.Span;

/**
 * Which tokens of a row carry loss. Where a turn does, its end-of-turn token does as well; what the
 * template puts behind that, such as a line feed, does not.
 */
public abstract sealed class LossOn {

  private LossOn() {}

  /** Every token: language modelling, TRL's default for text and messages. */
  public static LossOn everything() {
    return new Everything();
  }

  /**
   * What follows the prompt (TRL's {@code completion_only_loss}): the completion of a prompt, the
   * whole of a text without prompt, all assistant turns of a conversation without prompt.
   */
  public static LossOn completions() {
    return new Completions();
  }

  /**
   * All assistant turns (TRL's {@code assistant_only_loss}): what the template's {@code {%
   * generation %}} blocks cover if it has such, else each turn from where generation would begin.
   */
  public static LossOn assistantTurns() {
    return new Turns(Set.of("assistant"), true);
  }

  /** The turns of these roles, such as {@code reasoning} and {@code assistant}. */
  public static LossOn roles(String... roles) {
    return new Turns(Set.of(roles), false);
  }

  /**
   * What follows the last response template, such as {@code <start_of_turn>model\n}, to the end of
   * the text; TRL's former {@code DataCollatorForCompletionOnlyLM(response_template)}. In a
   * conversation only what the chat template writes is looked at, never what a message says, and
   * the loss ends with the turn. In plain text the text is all there is to look at.
   *
   * @param responseTemplate opens a reply, exactly as it stands in the text; {@link
   *     org.coldstart.tokenizer.ResponseTemplate} reads it off a model's chat template
   */
  public static LossOn after(String responseTemplate) {
    return new After(null, required(responseTemplate));
  }

  /**
   * What stands between each response template and the next instruction template; TRL's former
   * {@code DataCollatorForCompletionOnlyLM(response_template, instruction_template)}. In a
   * conversation: each turn that the response template opens.
   */
  public static LossOn between(String instructionTemplate, String responseTemplate) {
    return new After(required(instructionTemplate), required(responseTemplate));
  }

  private static String required(String template) {
    if (template.isEmpty()) {
      throw new IllegalArgumentException("A response or instruction template must not be empty.");
    }
    return template;
  }

  abstract List<Span> in(TextRow row);

  abstract List<Span> in(ChatRow row);

  /** Whether the kept part must hold a token that ends it. */
  boolean needsStop() {
    return true;
  }

  private static List<Span> turns(ChatRow row, String wanted, IntPredicate chosen) {
    List<Span> turns =
        IntStream.range(0, row.messages().size()).filter(chosen).mapToObj(row::turn).toList();
    if (turns.isEmpty()) {
      throw new IllegalArgumentException(
          "no token carries loss, for there is no %s turn to learn from, only %s."
              .formatted(
                  wanted,
                  row.messages().stream().map(Message::role).collect(Collectors.joining(", "))));
    }
    return turns;
  }

  private static final class Everything extends LossOn {
    @Override
    List<Span> in(TextRow row) {
      return List.of(new Span(0, row.text().length()));
    }

    @Override
    List<Span> in(ChatRow row) {
      return List.of(new Span(0, row.text().length()));
    }

    @Override
    boolean needsStop() {
      return false;
    }
  }

  private static final class Completions extends LossOn {
    @Override
    List<Span> in(TextRow row) {
      int end =
          row.promptEnd() + row.stops().lengthWithoutTail(row.text().substring(row.promptEnd()));
      return List.of(new Span(row.promptEnd(), end));
    }

    @Override
    List<Span> in(ChatRow row) {
      return row.promptTurns() == 0
          ? assistantTurns().in(row)
          : turns(
              row,
              "assistant",
              i -> i >= row.promptTurns() && row.messages().get(i).role().equals("assistant"));
    }
  }

  private static final class Turns extends LossOn {
    private final Set<String> roles;
    private final boolean generationBlocks;

    Turns(Set<String> roles, boolean generationBlocks) {
      this.roles = roles;
      this.generationBlocks = generationBlocks;
    }

    @Override
    List<Span> in(TextRow row) {
      throw new IllegalArgumentException(
          "a plain text has no turns; give messages, or use LossOn.after(responseTemplate).");
    }

    @Override
    List<Span> in(ChatRow row) {
      return generationBlocks && !row.generated().isEmpty()
          ? row.generated()
          : turns(
              row,
              String.join(" or ", new TreeSet<>(roles)),
              i -> roles.contains(row.messages().get(i).role()));
    }
  }

  private static final class After extends LossOn {
    private final String instruction;
    private final String response;

    After(String instruction, String response) {
      this.instruction = instruction;
      this.response = response;
    }

    @Override
    List<Span> in(TextRow row) {
      String text = row.text();
      List<Span> spans = new ArrayList<>();
      if (instruction == null) {
        int at = text.lastIndexOf(response);
        if (at >= 0) {
          spans.add(part(row, at + response.length(), text.length()));
        }
      } else {
        found(text.contains(instruction), "instruction", instruction);
        for (int at = text.indexOf(response); at >= 0; ) {
          int start = at + response.length();
          int next = text.indexOf(instruction, start);
          int end = next < 0 ? text.length() : next;
          spans.add(part(row, start, end));
          at = text.indexOf(response, end);
        }
      }
      found(!spans.isEmpty(), "response", response);
      return spans;
    }

    private Span part(TextRow row, int start, int end) {
      String reply = row.text().substring(start, end);
      if (row.stops().only(reply)) {
        throw new IllegalArgumentException(
            "no reply follows the response template '" + shown(response) + "'.");
      }
      return new Span(start, start + row.stops().lengthWithoutTail(reply));
    }

    @Override
    List<Span> in(ChatRow row) {
      List<Span> spans = new ArrayList<>();
      for (int i = 0; i < row.messages().size(); i++) {
        int at = row.writes(i) ? row.text().lastIndexOf(response, row.start(i) - 1) : -1;
        if (at >= 0 && at >= row.headerStart(i)) {
          spans.add(new Span(at + response.length(), row.turn(i).end()));
        }
      }
      found(!spans.isEmpty(), "response", response);
      return instruction == null ? spans.subList(spans.size() - 1, spans.size()) : spans;
    }

    private static String shown(String template) {
      return template.replace("\n", "\\n");
    }

    private static void found(boolean found, String which, String template) {
      if (!found) {
        throw new IllegalArgumentException(
            "the "
                + which
                + " template '"
                + shown(template)
                + "' is not in the row; write it exactly as the rendered text has it.");
      }
    }
  }
}
