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
 * Has a model complete prompts of plain text, without a chat template, and compares with the expected completion.
 *
 * @param model completes the prompts
 * @param tokenizer its tokenizer
 * @param maxNewTokens tokens after which a completion that has not ended is cut off
 */
public record CompletionEvaluator(CausalLm model, Tokenizer tokenizer, int maxNewTokens) {

  /** {@link #evaluate(DataSet, Sampling)}, greedily. */
  public CompletionReport evaluate(DataSet rows) {
    return evaluate(rows, Sampling.greedy());
  }

  /**
   * Completes each row's {@code prompt} and compares with its {@code completion}; all rows side by side.
   *
   * @param rows at least one
   * @throws java.util.concurrent.CancellationException if the thread is interrupted: completions cut off by it would
   * count as wrong
   */
  public CompletionReport evaluate(DataSet rows, Sampling sampling) {
    List<int[]> prompts = rows.stream().map(row -> tokenizer.encode(row.text("prompt")).ids()).toList();
    List<Generation> written = new Generator(model, tokenizer).generate(prompts, sampling, maxNewTokens);
    return new CompletionReport(IntStream.range(0, rows.size())
      .mapToObj(i -> new CompletionReport.Completion(rows.get(i).text("prompt"), rows.get(i).text("completion").strip(),
          written.get(i)))
      .toList());
  }
}
