package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.TorchOps;

/**
 * Scales each vector to unit root mean square, then by a learnt weight.
 *
 * @param weight shape (size)
 * @param eps added to the mean square
 * @param onePlusWeight whether the scale is 1 + weight, so that a weight of 0 leaves vectors alone
 */
record RmsNorm(NDArray weight, double eps, boolean onePlusWeight) implements Norm {

  @Override
  public NDArray forward(NDArray x) {
    return onePlusWeight
        ? TorchOps.rmsNormOnePlus(x, weight, eps)
        : TorchOps.rmsNorm(x, weight, eps);
  }
}
