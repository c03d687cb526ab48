package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The low-rank addition to one linear layer, {@code y + scale · B(A(dropout(x)))} (Hu et al., 2021,
 * "LoRA: Low-Rank Adaptation of Large Language Models").
 *
 * @param base the layer added to
 * @param a shape (r, in)
 * @param b shape (out, r)
 * @param scale what the product is multiplied by
 * @param dropout of the adapter
 * @param index of this layer among the adapter's, so that each drops other values
 */
record LoraLayer(Linear base, NDArray a, NDArray b, double scale, LoraDropout dropout, int index) {

  /** What the base layer made of x, (…, out), moved by the adapter. */
  NDArray addTo(NDArray y, NDArray x) {
    return DecoderOps.addLowRank(y, dropout.apply(x, index), a, b, scale);
  }

  /**
   * The way back of {@link #addTo(NDArray, NDArray)}: gathers the gradients of A and B, and adds
   * the adapter's share of x's.
   *
   * @param dy shape (n, out)
   * @param x what the layer was given, shape (n, in)
   * @param dx the gradient of x so far; added to
   */
  void backward(NDArray dy, NDArray x, NDArray dx, ForwardContext pass) {
    NDArray dropped = dropout.apply(x, index);
    NDArray dDropped =
        TrainingOps.lowRank(dy, dropped, a, b, scale, pass.gradient(a), pass.gradient(b));
    // What was not dropped is passed back enlarged as it was passed on.
    TorchOps.addInPlace(dx, dropout.apply(dDropped, index));
  }

  /** Adds {@code sign · scale · B · A} to a matrix of the base weight's shape. */
  void addTo(NDArray matrix, int sign) {
    DecoderOps.addProductInPlace(matrix, b, a, sign * scale);
  }
}
