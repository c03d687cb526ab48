package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
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
   * The summed loss of a batch's kept tokens, recorded for gradients if the thread's mode says so.
   *
   * <p>Only the hidden states at kept positions go through the head: of a vocabulary of 50 000, the
   * logits of prompts and padding would be most of a step's memory.
   *
   * @return a scalar owned by {@code step}
   */
  static NDArray sum(CausalLm model, Batch batch, Precision precision, NDManager step) {
    NDArray inputIds = step.create(batch.inputIds(), new Shape(batch.rows(), batch.width()));
    NDArray hidden = model.hiddenStates(inputIds, precision);
    NDArray flat = hidden.reshape((long) batch.rows() * batch.width(), model.config().hiddenSize());
    NDArray kept = TorchOps.select(flat, 0, step.create(batch.positions()));
    return TorchOps.crossEntropySum(model.head(kept, precision), step.create(batch.labels()));
  }

  /**
   * The mean loss over all kept tokens of the examples, without gradients.
   *
   * @param padId the tokenizer's pad id
   * @return NaN for no examples, and, before the next batch, once the thread is interrupted
   */
  public static double mean(
      CausalLm model, List<Example> examples, int batchSize, int padId, Precision precision) {
    return Autograd.withoutGradient(
        () -> {
          double sum = 0;
          long kept = 0;
          for (List<Example> rows : Batches.byLength(examples, batchSize)) {
            if (Thread.currentThread().isInterrupted()) {
              return Double.NaN;
            }
            Batch batch = Batch.of(rows, padId);
            try (NDManager step = Torch.newManager()) {
              sum += sum(model, batch, precision, step).getFloat();
              kept += batch.keptTokens();
            }
          }
          return sum / kept;
        });
  }
}
