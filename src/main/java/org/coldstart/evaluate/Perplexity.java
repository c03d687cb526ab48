package org.coldstart.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LossSums;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;

/**
 * How well a model predicts texts: e to the mean loss of a token, so that a model that guesses among 20 equally likely
 * tokens has perplexity 20.
 *
 * <pre>{@code
 * Perplexity before = Perplexity.of(model, tokenizer, Files.readAllLines(Path.of("held-out.txt")));
 * System.out.println(before); // perplexity 19.53 (loss 2.972 over 602 tokens)
 * }</pre>
 *
 * <p>
 * Each text is read alone and encoded as usual (with a BOS, if the tokenizer puts one), and a text's first token has
 * nothing before it and is not counted. Every other token counts the same, whatever text it is in. Computed in f32 and
 * without gradients, some texts at a time.
 *
 * @param meanLoss mean cross-entropy of a token, in nats
 * @param tokens how many were predicted
 */
public record Perplexity(double meanLoss, long tokens) {

  /**
   * Of plain texts.
   *
   * @throws IllegalArgumentException if there is no text, or one of them has nothing to predict or more tokens than the
   * model sees, naming it by its number from 1
   * @throws CancellationException if the thread is interrupted; half of the texts would be another measure. The
   * interrupt is consumed
   */
  public static Perplexity of(CausalLm model, Tokenizer tokenizer, List<String> texts) {
    List<Example> examples = new ArrayList<>();
    for (String text : texts) {
      int[] ids = tokenizer.encode(text).ids();
      model.checkHasRows(tokenizer, ids);
      boolean[] mask = new boolean[ids.length];
      Arrays.fill(mask, true);
      examples.add(new Example(ids, mask));
    }
    return of(model, examples);
  }

  /**
   * Of the tokens that carry loss in training examples.
   *
   * @throws IllegalArgumentException as {@link #of(CausalLm, Tokenizer, List)} does, and CancellationException as well
   */
  public static Perplexity of(CausalLm model, List<Example> examples) {
    if (examples.isEmpty()) {
      throw new IllegalArgumentException("There is no text to measure the perplexity of.");
    }
    IntStream.range(0, examples.size()).forEach(i -> check(model, i + 1, examples.get(i)));
    synchronized (model) { // a stopped training cell may still be at its last batch
      LossSums sums = LossSums.NONE;
      for (List<Example> rows : Batches.slices(examples, Batches.EVAL_TOKENS)) {
        checkNotInterrupted();
        Batch batch = Batch.of(rows);
        sums = sums
          .plus(model.loss(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), Precision.F32));
      }
      return new Perplexity(sums.meanLoss(), sums.tokens());
    }
  }

  private static void check(CausalLm model, int number, Example example) {
    int limit = model.config().maxPositionEmbeddings();
    if (example.keptTokens() == 0) {
      throw new IllegalArgumentException(
          "Text " + number + " has no token to predict: it needs two at least; leave it out.");
    }
    if (example.length() > limit) {
      throw new IllegalArgumentException(
          "Text %d has %d tokens, and the model sees no more than %d: cut it into passages.".formatted(number,
              example.length(), limit));
    }
  }

  static void checkNotInterrupted() {
    if (Thread.interrupted()) {
      throw new CancellationException("Interrupted before all texts were measured.");
    }
  }

  /** e to the mean loss. */
  public double perplexity() {
    return Math.exp(meanLoss);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "perplexity %.2f (loss %.3f over %d tokens)", perplexity(), meanLoss, tokens);
  }
}
