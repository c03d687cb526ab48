package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

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

  /**
   * (n, in) → (n, out), in the pass's precision. Backward needs x again: the caller keeps it.
   */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray y =
        pass.continues()
            ? DecoderOps.linearOfFew(x, weight, bias)
            : DecoderOps.linear(x, pass.bf16Copy(weight), bias, pass.precision() == Precision.BF16);
    return adapter == null ? y : adapter.addTo(y, x);
  }

  /** The gradient of x from that of what {@link #forward} made of it; gathers the parameters'. */
  NDArray backward(NDArray dy, NDArray x, ForwardContext pass) {
    gatherGradients(dy, x, pass);
    NDArray dx = TrainingOps.times(dy, pass.rounded(weight, dy.getManager()));
    if (adapter != null) {
      adapter.backward(dy, x, dx, pass);
    }
    return dx;
  }

  /** The same, added to a gradient that x has from elsewhere. */
  void backward(NDArray dy, NDArray x, ForwardContext pass, NDArray dx) {
    gatherGradients(dy, x, pass);
    TrainingOps.addTimes(dx, dy, pass.rounded(weight, dy.getManager()));
    if (adapter != null) {
      adapter.backward(dy, x, dx, pass);
    }
  }

  private void gatherGradients(NDArray dy, NDArray x, ForwardContext pass) {
    NDArray total = pass.gradient(weight);
    if (total != null) {
      TrainingOps.addOuter(total, dy, x);
    }
    NDArray biasTotal = bias == null ? null : pass.gradient(bias);
    if (biasTotal != null) {
      TrainingOps.addRows(biasTotal, dy);
    }
  }

  /** Shape (out, in). */
  NDArray weight() {
    return weight;
  }

  /** Shape (out), or null. */
  NDArray bias() {
    return bias;
  }

  /** Whether an adapter takes part. */
  boolean adapted() {
    return adapter != null;
  }

  /** Has an adapter take part from now on, or none with null. */
  void adapt(LoraLayer adapter) {
    this.adapter = adapter;
  }
}
