package org.coldstart.evaluate;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model answers some questions and predicts some texts: taken before and after training, it shows what learning
 * one thing has done to the rest.
 *
 * <pre>{@code
 * RegressionCheck before = RegressionCheck.of(model, tokenizer, questions, texts, 32);
 * trainer.train();
 * RegressionCheck after = RegressionCheck.of(model, tokenizer, questions, texts, 32);
 * System.out.println(before.heldOut() + " → " + after.heldOut());
 * }</pre>
 *
 * @param questions each a conversation's first turn
 * @param replies to them, in their order
 * @param heldOut perplexity of the texts
 */
public record RegressionCheck(List<String> questions, List<Generation> replies, Perplexity heldOut) {

  /** Questions answered side by side. */
  private static final int BATCH = 32;

  /** Copies the lists and checks that there is a reply to each question. */
  public RegressionCheck {
    questions = List.copyOf(questions);
    replies = List.copyOf(replies);
    if (questions.size() != replies.size()) {
      throw new IllegalArgumentException("A regression check needs a reply to each question, not %d to %d."
        .formatted(replies.size(), questions.size()));
    }
  }

  /**
   * Answers the questions and measures the perplexity.
   *
   * @param questions answered greedily, each by itself
   * @param texts as for {@link Perplexity#of}
   * @param maxNewTokens tokens after which a reply that has not ended is cut off
   * @throws java.util.concurrent.CancellationException if the thread is interrupted
   */
  public static RegressionCheck of(CausalLm model, Tokenizer tokenizer, List<String> questions, List<String> texts,
      int maxNewTokens) {
    Generator generator = new Generator(model, tokenizer);
    List<int[]> prompts = questions.stream().map(q -> generator.promptIds(List.of(Message.user(q)))).toList();
    List<Generation> replies = generator.generate(prompts, Sampling.greedy(), maxNewTokens, BATCH);
    return new RegressionCheck(questions, replies, Perplexity.of(model, tokenizer, texts));
  }

  /** The replies that contain a text. */
  public Proportion saying(String text) {
    return Proportion.of(replies, reply -> reply.text().contains(text));
  }

  /**
   * The replies that name the right answer, of the questions that have one here.
   *
   * @param answers by question: a regular expression, found as a whole word in either case
   * @throws IllegalArgumentException if none of the questions has an answer
   */
  public Proportion right(Map<String, String> answers) {
    List<Integer> known = IntStream.range(0, replies.size())
      .filter(i -> answers.containsKey(questions.get(i)))
      .boxed()
      .toList();
    return Proportion.of(known,
        i -> Pattern.compile("(?i)(?<![a-z0-9])(" + answers.get(questions.get(i)) + ")(?![a-z0-9])")
          .matcher(replies.get(i).text())
          .find());
  }

  /** The replies of several checks with the same questions side by side, by their names. */
  public static Table compare(Map<String, RegressionCheck> checks) {
    Table table = Table.create("replies");
    checks.forEach((name, check) -> {
      if (table.columnCount() == 0) {
        table.addColumns(StringColumn.create("question", check.questions));
      }
      table.addColumns(StringColumn.create(name, check.replies.stream().map(Generation::text).toList()));
    });
    return table;
  }
}
