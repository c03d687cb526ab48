package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * RMS normalisation (Zhang and Sennrich, 2019): {@code y = x / sqrt(mean(x²) + ε) · w}.
 *
 * @param weight w, shape (size)
 * @param eps ε
 * @param onePlusWeight whether the factor is 1 + w (Gemma)
 */
record RmsNorm(NDArray weight, double eps, boolean onePlusWeight) implements Norm {

  @Override
  public NDArray forward(NDArray x, ForwardContext pass) {
    return DecoderOps.rmsNorm(pass.keep(x), weight, eps, onePlusWeight);
  }

  @Override
  public NDArray backward(NDArray dy, ForwardContext pass) {
    NDArray x = pass.recall(dy.getManager());
    return TrainingOps.rmsNorm(dy, x, weight, eps, onePlusWeight, pass.gradient(weight));
  }
}
