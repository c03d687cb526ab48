package org.coldstart.evaluate;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/**
 * How a model completed a set of prompts.
 *
 * @param completions in the prompts' order
 */
public record CompletionReport(List<Completion> completions) {

  /**
   * One of them.
   *
   * @param prompt what the model was given
   * @param expected the right completion, without spaces around it
   * @param reply what the model wrote
   */
  public record Completion(String prompt, String expected, Generation reply) {

    /** Whether the whole text, but for spaces around it, is the right one. */
    public boolean right() {
      return reply.text().strip().equals(expected);
    }
  }

  /**
   * Has a model complete each row's {@code prompt}, which is plain text without a chat template, and compares with its
   * {@code completion}: greedily, all rows side by side.
   *
   * @param rows at least one
   * @param maxNewTokens tokens after which a completion that has not ended is cut off
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: completions cut off by it would
   * count as wrong
   */
  public static CompletionReport of(CausalLm model, Tokenizer tokenizer, DataSet rows, int maxNewTokens) {
    List<int[]> prompts = rows.stream().map(row -> tokenizer.encode(row.text("prompt")).ids()).toList();
    List<Generation> replies = new Generator(model, tokenizer).generate(prompts, Sampling.greedy(), maxNewTokens);
    return new CompletionReport(IntStream.range(0, rows.size())
      .mapToObj(i -> new Completion(rows.get(i).text("prompt"), rows.get(i).text("completion").strip(), replies.get(i)))
      .toList());
  }

  /** Completions that are right to the letter. */
  public Proportion right() {
    return Proportion.of(completions, Completion::right);
  }

  /** Completions that the model ended itself. */
  public Proportion ended() {
    return Proportion.of(completions, completion -> completion.reply().ended());
  }
}
