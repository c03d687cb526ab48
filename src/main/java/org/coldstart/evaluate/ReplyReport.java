package org.coldstart.evaluate;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Message;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How a model did on a set of prompts.
 *
 * @param replies in the prompts' order
 */
public record ReplyReport(List<ScoredReply> replies) {

  /** Prompts answered side by side; with sampling, who shares a batch decides which random numbers a reply gets. */
  private static final int BATCH = 50;

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

    /** Whether the answer is exact and every step that leads to it holds; see {@link ReasoningCheck}. */
    public boolean reasoningHolds() {
      return exact() && ReasoningCheck.of(instruction, parsed().get().reasoning(), parsed().get().answer()).holds();
    }

    /** Whether the right answer occurs anywhere in the reply as words of its own: lenient, for untuned models. */
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

  /**
   * Has a model answer each row's {@code instruction} and compares with its {@code output}. Prompts of similar length
   * are answered together.
   *
   * @param maxNewTokens tokens after which a reply that has not ended is cut off
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: replies cut off by it would count
   * as wrong
   */
  public static ReplyReport of(Generator generator, DataSet rows, Sampling sampling, int maxNewTokens) {
    List<int[]> prompts = rows.stream()
      .map(row -> generator.promptIds(List.of(Message.user(row.text("instruction")))))
      .toList();
    List<Integer> byLength = IntStream.range(0, rows.size())
      .boxed()
      .sorted(Comparator.comparingInt(i -> prompts.get(i).length))
      .toList();
    List<Generation> replies = generator.generate(byLength.stream().map(prompts::get).toList(), sampling, maxNewTokens,
        BATCH);
    ScoredReply[] scored = new ScoredReply[rows.size()];
    for (int i = 0; i < scored.length; i++) {
      DataRow row = rows.get(byLength.get(i));
      scored[byLength.get(i)] = new ScoredReply(row.text("instruction"), row.text("output"), replies.get(i));
    }
    return new ReplyReport(List.of(scored));
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

  /** Exact replies whose reasoning holds, too. */
  public Proportion reasoningHolds() {
    return Proportion.of(replies, ScoredReply::reasoningHolds);
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
        BooleanColumn.create("exact", replies.stream().map(ScoredReply::exact).toList()),
        BooleanColumn.create("reasoning holds", replies.stream().map(ScoredReply::reasoningHolds).toList()));
  }
}
