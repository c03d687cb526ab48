package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.TorchOps;

/**
 * Scales each vector to unit root mean square, then by a learnt weight.
 *
 * @param weight shape (hidden)
 * @param eps added to the mean square
 */
record RmsNorm(NDArray weight, double eps) {

  /** (…, hidden) → (…, hidden). */
  NDArray forward(NDArray x) {
    return TorchOps.rmsNorm(x, weight, eps);
  }
}
