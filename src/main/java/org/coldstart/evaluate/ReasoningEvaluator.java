package org.coldstart.evaluate;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.data.ReasoningRole;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.generate.TwoPhaseReply;
import org.coldstart.tokenizer.Message;

/**
 * Has a model that thinks in a turn of its own answer questions, and scores its two-phase replies.
 *
 * @param generator writes the replies
 * @param maxNewTokens tokens after which a phase that has not ended is cut off
 * @param batchSize questions answered side by side
 */
public record ReasoningEvaluator(TwoPhaseGenerator generator, int maxNewTokens, int batchSize) {

  /**
   * Answers the questions in one column, under the article's system message, and compares the answers with another
   * column.
   *
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: replies cut off by it would count
   * as wrong
   */
  public ReasoningReport evaluate(DataSet rows, String question, String answer, Sampling sampling) {
    List<List<Message>> chats = rows.stream()
      .map(row -> row.text(question))
      .map(text -> List.of(Message.system(ReasoningRole.SYSTEM), Message.user(text)))
      .toList();
    List<TwoPhaseReply> replies = generator.reply(chats, sampling, maxNewTokens, batchSize);
    return new ReasoningReport(IntStream.range(0, rows.size())
      .mapToObj(i -> new ReasoningReport.Scored(rows.get(i).text(question), rows.get(i).text(answer), replies.get(i)))
      .toList());
  }
}
