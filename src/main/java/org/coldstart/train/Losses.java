package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.Precision;
import org.coldstart.torch.Torch;
import org.coldstart.torch.TorchOps;

/**
 * The training objective: cross-entropy at the positions that predict a kept token, and at no
 * others.
 */
public final class Losses {

  private Losses() {}

  /**
   * Adds a batch's share of a step's gradient to the gradients of the parameters.
   *
   * @param onEmbeddings changes the embeddings on their way into the first layer
   * @param keptInStep kept tokens of all the step's batches: the loss is their mean
   */
  static TokenSums forwardBackward(
      CausalLm model,
      Batch batch,
      Precision precision,
      UnaryOperator<NDArray> onEmbeddings,
      long keptInStep) {
    return Autograd.withGradient(
        () -> {
          try (NDManager step = Torch.newManager()) {
            NDArray sums = sums(model, batch, precision, onEmbeddings, step);
            Autograd.backward(loss(sums).div(keptInStep));
            return read(sums, batch);
          }
        });
  }

  /** The same sums without gradients. */
  static TokenSums measure(CausalLm model, Batch batch, Precision precision) {
    return Autograd.withoutGradient(
        () -> {
          try (NDManager step = Torch.newManager()) {
            return read(sums(model, batch, precision, UnaryOperator.identity(), step), batch);
          }
        });
  }

  /**
   * The sums over all kept tokens of the examples, without gradients.
   *
   * @return empty, before the next batch, once the thread is interrupted
   */
  static Optional<TokenSums> measure(
      CausalLm model, List<Example> examples, int batchSize, int padId, Precision precision) {
    TokenSums all = TokenSums.NONE;
    for (List<Example> rows : Batches.byLength(examples, batchSize)) {
      if (Thread.currentThread().isInterrupted()) {
        return Optional.empty();
      }
      all = all.plus(measure(model, Batch.of(rows, padId), precision));
    }
    return Optional.of(all);
  }

  /**
   * The mean loss over all kept tokens of the examples, without gradients.
   *
   * @param padId the tokenizer's pad id
   * @return NaN for no examples, and, before the next batch, once the thread is interrupted
   */
  public static double mean(
      CausalLm model, List<Example> examples, int batchSize, int padId, Precision precision) {
    return measure(model, examples, batchSize, padId, precision)
        .map(TokenSums::meanLoss)
        .orElse(Double.NaN);
  }

  /**
   * The summed loss of a batch's kept tokens, recorded for gradients if the thread's mode says so.
   *
   * @return a scalar owned by {@code step}
   */
  static NDArray sum(CausalLm model, Batch batch, Precision precision, NDManager step) {
    return loss(sums(model, batch, precision, UnaryOperator.identity(), step));
  }

  /**
   * Loss, correct tokens and entropy in one tensor of shape (3).
   *
   * <p>Only the hidden states at kept positions go through the head: of a vocabulary of 50 000, the
   * logits of prompts and padding would be most of a step's memory.
   */
  private static NDArray sums(
      CausalLm model,
      Batch batch,
      Precision precision,
      UnaryOperator<NDArray> onEmbeddings,
      NDManager step) {
    NDArray inputIds = step.create(batch.inputIds(), new Shape(batch.rows(), batch.width()));
    NDArray hidden = model.hiddenStates(inputIds, precision, onEmbeddings);
    NDArray flat = hidden.reshape((long) batch.rows() * batch.width(), model.config().hiddenSize());
    NDArray kept = TorchOps.select(flat, 0, step.create(batch.positions()));
    return TorchOps.tokenSums(model.head(kept, precision), step.create(batch.labels()));
  }

  private static NDArray loss(NDArray sums) {
    return TorchOps.slice(sums, 0, 0, 1).reshape(new Shape());
  }

  private static TokenSums read(NDArray sums, Batch batch) {
    float[] values = sums.toFloatArray();
    return new TokenSums(values[0], batch.keptTokens(), Math.round(values[1]), values[2]);
  }
}
