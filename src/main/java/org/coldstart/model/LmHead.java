package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The end of a decoder: the final norm, the logits over the vocabulary, and the cross-entropy loss.
 *
 * <p>
 * Loss and gradient are computed for some positions at a time: the logits of 128,000 tokens at every position of a
 * batch would take most of a step's memory.
 *
 * @param output hidden → vocabulary
 * @param cap logits are {@code cap · tanh(logits / cap)} (Gemma 2); 0 for as they are
 */
record LmHead(Norm norm, Linear output, double cap) {

  /** Logits in memory at a time: 64 MiB of them in f32. */
  private static final int LOGITS = 1 << 24;

  /** (n, hidden), the last layer's output, → (n, vocabulary). */
  NDArray forward(NDArray hidden, ForwardContext pass) {
    NDArray logits = output.forward(pass.rounded(norm.forward(hidden, pass)), pass);
    return cap == 0 ? logits : DecoderOps.softcap(logits, cap);
  }

  /** The same for a few rows. */
  NDArray few(NDArray hidden) {
    NDArray logits = output.few(DecoderOps.rmsNorm(hidden, norm.weight(), norm.eps(), norm.onePlusWeight()));
    return cap == 0 ? logits : DecoderOps.softcap(logits, cap);
  }

  /**
   * The summed cross-entropy −log softmax(logits)[label] at some positions.
   *
   * @param hidden the last layer's output, shape (n, hidden)
   * @param positions that predict a label, ascending
   * @param labels the token each should predict
   * @param weights of the labels in the loss that gradients are taken of; the sums are those without weights
   * @param dHidden the gradient of {@code hidden} so far, added to; null for the loss alone
   */
  Predictions loss(NDArray hidden, long[] positions, long[] labels, ForwardContext pass, LabelWeights weights,
      NDArray dHidden) {
    int chunk = (int) Math.max(1, LOGITS / output.weight().getShape().get(0));
    LossSums sums = LossSums.NONE;
    float[] logProbs = new float[labels.length];
    for (int from = 0; from < labels.length; from += chunk) {
      int count = Math.min(chunk, labels.length - from);
      try (NDManager scope = hidden.getManager().newSubManager();
          ActivationStack activations = new ActivationStack(scope)) {
        NDArray at = scope.create(Arrays.copyOfRange(positions, from, from + count));
        NDArray of = scope.create(Arrays.copyOfRange(labels, from, from + count));
        Predictions some = lossOf(hidden, at, of, pass.with(dHidden == null ? null : activations),
            weights.range(from, from + count), dHidden);
        sums = sums.plus(some.sums());
        System.arraycopy(some.logProbs(), 0, logProbs, from, count);
      }
    }
    return new Predictions(sums, logProbs);
  }

  private Predictions lossOf(NDArray hidden, NDArray positions, NDArray labels, ForwardContext pass,
      LabelWeights weights, NDArray dHidden) {
    NDArray x = TorchOps.select(hidden, 0, positions);
    x.attach(labels.getManager());
    NDArray in = pass.rounded(norm.forward(x, pass));
    NDArray logits = output.forward(in, pass);
    boolean backward = dHidden != null;
    NDArray[] predicted = TrainingOps.crossEntropy(logits, labels, backward ? weights.of(labels) : null, cap,
        weights.temperature());
    float[] sums = predicted[0].toFloatArray();
    LossSums all = new LossSums(sums[0], labels.size(), (long) sums[1], sums[2]);
    Predictions result = new Predictions(all, predicted[1].toFloatArray());
    if (backward) {
      NDArray dx = norm.backward(output.backward(logits, in, pass), pass);
      TrainingOps.addAtRows(dHidden, positions, dx);
    }
    return result;
  }
}
