package org.coldstart.evaluate;

import java.util.List;
import org.coldstart.generate.TwoPhaseReply;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model that thinks in a turn of its own did on a set of questions.
 *
 * @param replies in the questions' order
 */
public record ReasoningReport(List<Scored> replies) {

  /**
   * A reply beside the answer that was expected.
   *
   * @param question the question
   * @param expected the right answer
   * @param reply what the model wrote
   */
  public record Scored(String question, String expected, TwoPhaseReply reply) {

    /** Whether both phases have text and were ended by the model itself. */
    public boolean wellFormed() {
      return reply.wellFormed();
    }

    /** Whether the reply is well-formed and its answer right, but for case and a final period. */
    public boolean exact() {
      return wellFormed() && ReplyReport.alike(reply.answer().text(), expected);
    }
  }

  /** Replies with two proper phases. */
  public Proportion wellFormed() {
    return Proportion.of(replies, Scored::wellFormed);
  }

  /** Well-formed replies with the right answer. */
  public Proportion exact() {
    return Proportion.of(replies, Scored::exact);
  }

  /** Mean number of tokens that the model wrote in both phases. */
  public double newTokens() {
    return replies.stream().mapToInt(each -> each.reply().newTokens()).average().orElse(0);
  }

  /** Question, expected answer, both phases and verdict of each. */
  public Table toTable() {
    return Table.create("two-phase replies",
        StringColumn.create("question", replies.stream().map(Scored::question).toList()),
        StringColumn.create("reasoning", replies.stream().map(each -> each.reply().reasoning().text()).toList()),
        StringColumn.create("answer", replies.stream().map(each -> each.reply().answer().text()).toList()),
        StringColumn.create("expected", replies.stream().map(Scored::expected).toList()),
        BooleanColumn.create("well-formed", replies.stream().map(Scored::wellFormed).toList()),
        BooleanColumn.create("exact", replies.stream().map(Scored::exact).toList()));
  }
}
