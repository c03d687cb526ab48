package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.stream.Stream;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/** A linear layer, y = xWᵀ (+ b), and the {@link Delta} that an adapter has put on it. */
public final class Linear {

  /** An update ΔW = s · BA to a weight that is kept apart from it, as LoRA's is: y + xΔWᵀ. */
  public interface Delta {

    /** A, shape (r, in). */
    NDArray a();

    /** B, shape (out, r). */
    NDArray b();

    /** s. */
    double scale();

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

  /** What a layer has not: scales or a bias. */
  static final NDArray NONE = TorchOps.empty(Torch.newManager(), StoredType.F32, 0);

  private final NDArray weight;
  private final NDArray scales;
  private final NDArray bias;
  private Delta delta;

  /** A layer with W, shape (out, in), and b, shape (out), or null; without delta. */
  Linear(NDArray weight, NDArray bias) {
    this(weight, NONE, bias);
  }

  private Linear(NDArray weight, NDArray scales, NDArray bias) {
    this.weight = weight;
    this.scales = scales;
    this.bias = bias;
  }

  /** The same layer with W in fewer bits, which is for forward passes alone, as {@link DecoderOps#pack} does it. */
  Linear packed(DType dtype) {
    NDArray[] form = DecoderOps.pack(weight, dtype == DType.INT4);
    return new Linear(form[0], form[1], bias);
  }

  /** Whether W is held in fewer bits. */
  boolean fewer() {
    return scales != NONE;
  }

  /** How W is held. */
  DType dtype() {
    return switch (scales.getShape().dimension() * Long.signum(scales.size())) {
    case 3 -> DType.INT4;
    case 1 -> DType.INT8;
    default -> weight.getDataType() == DataType.FLOAT32 ? DType.F32 : DType.BF16;
    };
  }

  /** (n, in) → (n, out), in the pass's precision. Backward needs x again: the caller keeps it. */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray y = fewer() ? few(x)
        : DecoderOps.linear(x, pass.bf16Copy(weight), bias, pass.precision() == Precision.BF16);
    return delta == null ? y : delta.forward(y, x);
  }

  /** The same without delta for a few rows, in f32. */
  NDArray few(NDArray x) {
    return DecoderOps.linearOfFew(x, weight, scales, bias == null ? NONE : bias);
  }

  /** W, its scales and b. */
  Stream<NDArray> tensors() {
    return Stream.of(weight, scales, bias == null ? NONE : bias);
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

  /** A and B of the delta; without one, what has B's height. */
  Stream<NDArray> lowRank() {
    return delta == null ? Stream.of(NONE, weight) : Stream.of(delta.a(), delta.b());
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
