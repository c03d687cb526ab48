package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * RMS normalisation (Zhang and Sennrich, 2019): {@code y = x / sqrt(mean(x²) + ε) · w}.
 *
 * @param weight w, shape (size); null for y = x, where an architecture has no norm
 * @param eps ε
 * @param onePlusWeight whether the factor is 1 + w (Gemma)
 */
record Norm(NDArray weight, double eps, boolean onePlusWeight) {

  /** y = x. */
  static final Norm NONE = new Norm(null, 0, false);

  /** (…, size) → (…, size). */
  NDArray forward(NDArray x, ForwardContext pass) {
    return weight == null ? x : DecoderOps.rmsNorm(pass.keep(x), weight, eps, onePlusWeight);
  }

  /** From y's gradient to x's; adds to the weight's. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    if (weight == null) {
      return dy;
    }
    NDArray x = pass.recall(dy.getManager());
    return TrainingOps.rmsNorm(dy, x, weight, eps, onePlusWeight, pass.gradients().of(weight));
  }
}
