package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/** {@code x · weightᵀ (+ bias)}, and what an adapter adds while one is attached. */
final class Linear {

  private final NDArray weight;
  private final NDArray bias;
  private LoraLayer adapter;

  /**
   * A layer without adapter.
   *
   * @param weight shape (out, in)
   * @param bias shape (out), or null
   */
  Linear(NDArray weight, NDArray bias) {
    this.weight = weight;
    this.bias = bias;
  }

  /** (…, in) → (…, out), in the pass's precision. */
  NDArray forward(NDArray x, Precision precision) {
    NDArray y = TorchOps.linear(x, weight, bias, precision);
    return adapter == null ? y : adapter.addTo(y, x);
  }

  /** Shape (out, in). */
  NDArray weight() {
    return weight;
  }

  /** Has an adapter take part from now on, or none with null. */
  void adapt(LoraLayer adapter) {
    this.adapter = adapter;
  }
}
