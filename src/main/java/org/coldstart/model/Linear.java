package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/**
 * {@code x · weightᵀ (+ bias)}.
 *
 * @param weight shape (out, in)
 * @param bias shape (out), or null
 */
record Linear(NDArray weight, NDArray bias) {

  /** (…, in) → (…, out), in the pass's precision. */
  NDArray forward(NDArray x, Precision precision) {
    return TorchOps.linear(x, weight, bias, precision);
  }
}
