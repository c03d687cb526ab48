package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * Scales each vector to unit root mean square, then by a learnt weight.
 *
 * @param weight shape (size)
 * @param eps added to the mean square
 * @param onePlusWeight whether the scale is 1 + weight, so that a weight of 0 leaves vectors alone
 */
record RmsNorm(NDArray weight, double eps, boolean onePlusWeight) implements Norm {

  @Override
  public NDArray forward(NDArray x, ForwardContext pass) {
    pass.keep(x);
    return onePlusWeight
        ? DecoderOps.rmsNormOnePlus(x, weight, eps)
        : DecoderOps.rmsNorm(x, weight, eps);
  }

  @Override
  public NDArray backward(NDArray dy, ForwardContext pass) {
    NDArray x = pass.recall(dy.getManager());
    return TrainingOps.rmsNorm(dy, x, weight, eps, onePlusWeight, pass.gradient(weight));
  }
}
