package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The end of a decoder: final norm, scores of the whole vocabulary, and the loss.
 *
 * <p>The loss is worked out a few positions at a time, and its gradient with it: the scores of
 * 128,000 tokens at every position of a batch would be most of a step's memory.
 *
 * @param output hidden → vocabulary
 * @param cap soft cap of the scores, 0 for none
 */
record LmHead(Norm norm, Linear output, TrainableParameters trainable, double cap) {

  /** Scores worked out at a time: 64 MiB of them in f32. */
  private static final int SCORES = 1 << 24;

  /** (n, hidden), the last layer's output, → (n, vocabulary). */
  NDArray forward(NDArray hidden, ForwardContext pass) {
    NDArray scores = scores(pass.rounded(norm.forward(hidden, pass)), pass);
    return cap == 0 ? scores : DecoderOps.softcap(scores, cap);
  }

  private NDArray scores(NDArray in, ForwardContext pass) {
    return trainable.onScores(output.forward(in, pass), in);
  }

  /**
   * The loss at some positions.
   *
   * @param hidden the last layer's output, shape (n, hidden)
   * @param positions that predict a label, ascending
   * @param labels what they should predict
   * @param scale what the loss is multiplied by before gradients are taken
   * @param dHidden where the gradient of {@code hidden} is added, of its shape; null for the loss
   *     alone
   */
  LossSums loss(
      NDArray hidden, long[] positions, long[] labels, ForwardContext pass, double scale, NDArray dHidden) {
    int chunk = (int) Math.max(1, SCORES / output.weight().getShape().get(0));
    LossSums sums = LossSums.NONE;
    for (int from = 0; from < labels.length; from += chunk) {
      int count = Math.min(chunk, labels.length - from);
      try (NDManager scope = hidden.getManager().newSubManager();
          ActivationStack tape = new ActivationStack(scope)) {
        Chunk part =
            new Chunk(
                create(scope, positions, from, count),
                create(scope, labels, from, count),
                pass.with(dHidden == null ? null : tape));
        sums = sums.plus(loss(hidden, part, scale, dHidden));
      }
    }
    return sums;
  }

  private record Chunk(NDArray positions, NDArray labels, ForwardContext pass) {}

  private LossSums loss(NDArray hidden, Chunk chunk, double scale, NDArray dHidden) {
    ForwardContext pass = chunk.pass();
    NDArray x = TorchOps.select(hidden, 0, chunk.positions());
    x.attach(chunk.labels().getManager());
    NDArray in = pass.rounded(norm.forward(x, pass));
    NDArray scores = scores(in, pass);
    NDArray[] predicted = TrainingOps.crossEntropy(scores, chunk.labels(), cap);
    float[] sums = predicted[1].toFloatArray();
    if (dHidden != null) {
      NDArray dScores =
          TrainingOps.crossEntropyBackward(predicted[0], scores, chunk.labels(), cap, scale);
      NDArray dx = norm.backward(backwardScores(dScores, in, pass), pass);
      TrainingOps.addAtRows(dHidden, chunk.positions(), dx);
    }
    return new LossSums(sums[0], chunk.labels().size(), (long) sums[1], sums[2]);
  }

  private NDArray backwardScores(NDArray dScores, NDArray in, ForwardContext pass) {
    NDArray dIn = output.backward(dScores, in, pass);
    trainable.backwardScores(dScores, in, dIn, pass);
    return dIn;
  }

  private static NDArray create(NDManager scope, long[] values, int from, int count) {
    return scope.create(Arrays.copyOfRange(values, from, from + count), new Shape(count));
  }
}
