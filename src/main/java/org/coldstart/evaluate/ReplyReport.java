package org.coldstart.evaluate;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.generate.Generation;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model did on a set of prompts.
 *
 * @param replies in the prompts' order
 */
public record ReplyReport(List<ScoredReply> replies) {

  /**
   * A reply beside the answer that was expected.
   *
   * @param instruction the question
   * @param expected the right answer
   * @param reply what the model wrote
   */
  public record ScoredReply(String instruction, String expected, Generation reply) {

    /** Whether the reply has the four tags in order, once each, and the model ended it itself. */
    public boolean wellFormed() {
      return reply.ended() && parsed().isPresent();
    }

    /** Whether the reply is well-formed and its answer right, but for case and a final period. */
    public boolean exact() {
      return wellFormed() && alike(parsed().get().answer(), expected);
    }

    /**
     * Whether the right answer occurs anywhere in the reply as words of its own: lenient, for untuned models.
     */
    public boolean mentioned() {
      return (" " + words(reply.text()) + " ").contains(" " + words(expected) + " ");
    }

    private Optional<ThinkAnswer> parsed() {
      return ThinkAnswer.parse(reply.text());
    }

    private static String words(String text) {
      return text.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}.]+|\\.(?!\\d)", " ").strip();
    }
  }

  /** Whether two answers are the same but for case, spaces around them and a final period. */
  static boolean alike(String answer, String expected) {
    return canonical(answer).equals(canonical(expected));
  }

  private static String canonical(String answer) {
    return answer.strip().replaceAll("\\.$", "").toLowerCase(Locale.ROOT);
  }

  /** Replies with the taught shape. */
  public Proportion wellFormed() {
    return Proportion.of(replies, ScoredReply::wellFormed);
  }

  /** Well-formed replies with the right answer. */
  public Proportion exact() {
    return Proportion.of(replies, ScoredReply::exact);
  }

  /** Replies of any shape in which the right answer occurs somewhere. */
  public Proportion mentioned() {
    return Proportion.of(replies, ScoredReply::mentioned);
  }

  /** Replies that the model ended itself. */
  public Proportion ended() {
    return Proportion.of(replies, scored -> scored.reply().ended());
  }

  /** Prompt, expected answer, reply and verdict of each. */
  public Table toTable() {
    return Table.create("replies",
        StringColumn.create("instruction", replies.stream().map(ScoredReply::instruction).toList()),
        StringColumn.create("expected", replies.stream().map(ScoredReply::expected).toList()),
        StringColumn.create("reply", replies.stream().map(each -> each.reply().text()).toList()),
        BooleanColumn.create("well-formed", replies.stream().map(ScoredReply::wellFormed).toList()),
        BooleanColumn.create("exact", replies.stream().map(ScoredReply::exact).toList()));
  }
}
