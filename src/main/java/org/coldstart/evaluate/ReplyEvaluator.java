package org.coldstart.evaluate;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Message;

/**
 * Has a model answer questions and scores the replies.
 *
 * @param generator writes the replies
 * @param maxNewTokens tokens after which a reply that has not ended is cut off
 * @param batchSize prompts answered side by side
 */
public record ReplyEvaluator(Generator generator, int maxNewTokens, int batchSize) {

  /**
   * Answers each row's {@code instruction} and compares with its {@code output}.
   *
   * <p>
   * Prompts of similar length are answered together; with sampling, who shares a batch decides which random numbers a
   * reply gets, so keep the batch size when runs are to be compared.
   *
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: replies cut off by it would count
   * as wrong
   */
  public ReplyReport evaluate(DataSet rows, Sampling sampling) {
    List<int[]> prompts = rows.stream()
      .map(row -> generator.promptIds(List.of(Message.user(row.text("instruction")))))
      .toList();
    List<Integer> byLength = IntStream.range(0, rows.size())
      .boxed()
      .sorted(Comparator.comparingInt(i -> prompts.get(i).length))
      .toList();
    List<Generation> replies = generator.generate(byLength.stream().map(prompts::get).toList(), sampling, maxNewTokens,
        batchSize);
    ReplyReport.ScoredReply[] scored = new ReplyReport.ScoredReply[rows.size()];
    for (int i = 0; i < scored.length; i++) {
      DataRow row = rows.get(byLength.get(i));
      scored[byLength.get(i)] = new ReplyReport.ScoredReply(row.text("instruction"), row.text("output"),
          replies.get(i));
    }
    return new ReplyReport(List.of(scored));
  }
}
