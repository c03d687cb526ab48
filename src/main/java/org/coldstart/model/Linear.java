package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/** A linear layer, y = xWᵀ (+ b), and the {@link Delta} that an adapter has put on it. */
public final class Linear {

  /** An update ΔW to a weight that is kept apart from it, such as LoRA's s · BA: y + xΔWᵀ. */
  public interface Delta {

    /** y + xΔWᵀ, (n, out), from the layer's input x, (n, in); may overwrite y. */
    NDArray forward(NDArray y, NDArray x);

    /**
     * Adds the gradients of ΔW's own parameters to {@code gradients}, and dy · ΔW to {@code dx}.
     *
     * @param dy the gradient of the layer's output, shape (n, out)
     * @param x the layer's input, shape (n, in)
     */
    void backward(NDArray dy, NDArray x, NDArray dx, Gradients gradients);

    /** Adds sign · ΔW in place to consecutive rows of a matrix of W's shape, the first of index {@code first}. */
    void addTo(NDArray rows, long first, int sign);
  }

  private final NDArray weight;
  private final NDArray bias;
  private Delta delta;

  /** A layer with W, shape (out, in), and b, shape (out), or null; without delta. */
  Linear(NDArray weight, NDArray bias) {
    this.weight = weight;
    this.bias = bias;
  }

  /** (n, in) → (n, out), in the pass's precision. Backward needs x again: the caller keeps it. */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray y = pass.continues() ? DecoderOps.linearOfFew(x, weight, bias)
        : DecoderOps.linear(x, pass.bf16Copy(weight), bias, pass.precision() == Precision.BF16);
    return delta == null ? y : delta.forward(y, x);
  }

  /** From y's gradient to x's; adds to the parameters' gradients. */
  NDArray backward(NDArray dy, NDArray x, ForwardContext pass) {
    NDArray dx = TrainingOps.times(dy, pass.rounded(weight, dy.getManager()));
    gatherGradients(dy, x, pass, dx);
    return dx;
  }

  /** The same, added to a gradient that x has from elsewhere. */
  void backward(NDArray dy, NDArray x, ForwardContext pass, NDArray dx) {
    TrainingOps.addTimes(dx, dy, pass.rounded(weight, dy.getManager()));
    gatherGradients(dy, x, pass, dx);
  }

  private void gatherGradients(NDArray dy, NDArray x, ForwardContext pass, NDArray dx) {
    pass.gradients().addOuter(weight, dy, x);
    NDArray biasTotal = bias == null ? null : pass.gradients().of(bias);
    if (biasTotal != null) {
      TrainingOps.addRows(biasTotal, dy);
    }
    if (delta != null) {
      delta.backward(dy, x, dx, pass.gradients());
    }
  }

  /** W, shape (out, in). */
  public NDArray weight() {
    return weight;
  }

  /** b, shape (out), or null. */
  NDArray bias() {
    return bias;
  }

  /** The delta, or null. */
  Delta delta() {
    return delta;
  }

  /** Whether there is a delta, so that W alone does not give y. */
  boolean adapted() {
    return delta != null;
  }

  /** Has a delta take part from now on, in place of the one before; none with null. */
  public void adapt(Delta newDelta) {
    this.delta = newDelta;
  }
}
