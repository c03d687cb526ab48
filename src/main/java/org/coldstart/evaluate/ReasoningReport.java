package org.coldstart.evaluate;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.data.ReasoningRole;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.generate.TwoPhaseReply;
import org.coldstart.tokenizer.Message;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model that thinks in a turn of its own did on a set of questions.
 *
 * @param replies in the questions' order
 */
public record ReasoningReport(List<Scored> replies) {

  /** Questions answered side by side. */
  private static final int BATCH = 24;

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

    /** Whether the answer is exact and every step that leads to it holds; see {@link ReasoningCheck}. */
    public boolean reasoningHolds() {
      return exact() && ReasoningCheck.of(question, reply.reasoning().text(), reply.answer().text()).holds();
    }
  }

  /**
   * Has a model answer the questions in one column, under the article's system message, and compares the answers with
   * another column.
   *
   * @param maxNewTokens tokens after which a phase that has not ended is cut off
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: replies cut off by it would count
   * as wrong
   */
  public static ReasoningReport of(TwoPhaseGenerator generator, DataSet rows, String question, String answer,
      Sampling sampling, int maxNewTokens) {
    List<List<Message>> chats = rows.stream()
      .map(row -> List.of(Message.system(ReasoningRole.SYSTEM), Message.user(row.text(question))))
      .toList();
    List<TwoPhaseReply> replies = generator.reply(chats, sampling, maxNewTokens, BATCH);
    return new ReasoningReport(IntStream.range(0, rows.size())
      .mapToObj(i -> new Scored(rows.get(i).text(question), rows.get(i).text(answer), replies.get(i)))
      .toList());
  }

  /** Replies with two proper phases. */
  public Proportion wellFormed() {
    return Proportion.of(replies, Scored::wellFormed);
  }

  /** Well-formed replies with the right answer. */
  public Proportion exact() {
    return Proportion.of(replies, Scored::exact);
  }

  /** Exact replies whose reasoning holds, too. */
  public Proportion reasoningHolds() {
    return Proportion.of(replies, Scored::reasoningHolds);
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
        BooleanColumn.create("exact", replies.stream().map(Scored::exact).toList()),
        BooleanColumn.create("reasoning holds", replies.stream().map(Scored::reasoningHolds).toList()));
  }
}
