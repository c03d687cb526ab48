package org.coldstart.evaluate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.data.DataRow;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Message;

/**
 * Asks a model questions and scores the replies.
 *
 * @param generator the model at work
 * @param maxNewTokens tokens after which a reply that has not ended is cut off
 * @param batchSize prompts answered side by side
 */
public record ReplyEvaluator(Generator generator, int maxNewTokens, int batchSize) {

  /**
   * Asks each row's {@code instruction} and compares with its {@code output}.
   *
   * <p>Prompts of similar length are answered together; with sampling, who shares a batch decides
   * which random numbers a reply gets, so keep the batch size when runs are to be compared.
   */
  public ReplyReport evaluate(DataSet rows, Sampling sampling) {
    List<int[]> prompts =
        IntStream.range(0, rows.size()).mapToObj(i -> prompt(rows.get(i))).toList();
    List<Integer> order =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> prompts.get(i).length))
            .toList();
    ScoredReply[] scored = new ScoredReply[rows.size()];
    for (int from = 0; from < order.size(); from += batchSize) {
      List<Integer> part = order.subList(from, Math.min(order.size(), from + batchSize));
      List<Generation> replies =
          generator.generate(
              part.stream().map(prompts::get).toList(), sampling(sampling, from), maxNewTokens);
      for (int i = 0; i < part.size(); i++) {
        DataRow row = rows.get(part.get(i));
        scored[part.get(i)] =
            new ScoredReply(row.text("instruction"), row.text("output"), replies.get(i));
      }
    }
    return new ReplyReport(new ArrayList<>(List.of(scored)));
  }

  private int[] prompt(DataRow row) {
    return generator.promptIds(List.of(Message.user(row.text("instruction"))));
  }

  /** Each batch draws its own random numbers. */
  private static Sampling sampling(Sampling sampling, int batch) {
    return sampling.withSeed(sampling.seed() * 1_000_003 + batch);
  }
}
