package org.coldstart.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.coldstart.data.DataSet;
import org.coldstart.data.ReasoningRole;
import org.coldstart.data.DataRow;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.generate.TwoPhaseReply;
import org.coldstart.tokenizer.Message;

/**
 * Asks a model that thinks in a turn of its own questions, and scores its two-phase replies.
 *
 * @param generator the model at work
 * @param maxNewTokens tokens after which a phase that has not ended is cut off
 * @param batchSize questions answered side by side
 */
public record ReasoningEvaluator(TwoPhaseGenerator generator, int maxNewTokens, int batchSize) {

  /**
   * Asks what stands in one column of each row, under the article's system message, and compares
   * the answer with another column.
   */
  public ReasoningReport evaluate(DataSet rows, String question, String answer, Sampling sampling) {
    List<ReasoningReport.Scored> scored = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += batchSize) {
      DataSet part = rows.select(from, Math.min(rows.size(), from + batchSize));
      List<List<Message>> chats = part.stream().map(row -> chat(row.text(question))).toList();
      List<TwoPhaseReply> replies = generator.reply(chats, sampling, maxNewTokens);
      for (int i = 0; i < part.size(); i++) {
        DataRow row = part.get(i);
        scored.add(
            new ReasoningReport.Scored(row.text(question), row.text(answer), replies.get(i)));
      }
    }
    return new ReasoningReport(List.copyOf(scored));
  }

  private static List<Message> chat(String question) {
    return List.of(Message.system(ReasoningRole.SYSTEM), Message.user(question));
  }
}
