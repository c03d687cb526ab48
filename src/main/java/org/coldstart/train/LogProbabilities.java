package org.coldstart.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.coldstart.model.Predictions;

/**
 * What a model thinks of completions that are there already, without gradients: log p(y | tokens before y) of each kept
 * token y.
 *
 * <pre>{@code
 * LogProbabilities given = LogProbabilities.of(model, examples);
 * double reply = given.sum(0); // log p of the first example's whole completion
 * }</pre>
 *
 * @param tokens of each example its kept tokens' log-probabilities, in order
 * @param sums over all of them; the mean entropy of the distributions among them
 */
public record LogProbabilities(List<float[]> tokens, LossSums sums) {

  /** The model's own, in f32. */
  public static LogProbabilities of(CausalLm model, List<Example> examples) {
    return of(model, examples, 1, Precision.F32);
  }

  /**
   * The same with the logits divided by a temperature.
   *
   * @throws CancellationException once the thread is interrupted, which stays pending
   */
  public static LogProbabilities of(CausalLm model, List<Example> examples, double temperature, Precision precision) {
    List<float[]> tokens = new ArrayList<>();
    LossSums sums = LossSums.NONE;
    for (List<Example> slice : Batches.slices(examples, Batches.EVAL_TOKENS)) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("Interrupted before all completions were read.");
      }
      Batch b = Batch.of(slice);
      Predictions all = model.predictions(b.inputIds(), b.seqLens(), b.positions(), b.labels(), temperature, precision);
      sums = sums.plus(all.sums());
      int from = 0;
      for (Example example : slice) {
        tokens.add(Arrays.copyOfRange(all.logProbs(), from, from += example.keptTokens()));
      }
    }
    return new LogProbabilities(tokens, sums);
  }

  /** The log-probability of an example's kept tokens together. */
  public double sum(int example) {
    double sum = 0;
    for (float token : tokens.get(example)) {
      sum += token;
    }
    return sum;
  }
}
