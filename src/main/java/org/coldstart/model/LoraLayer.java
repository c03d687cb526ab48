package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.TorchOps;

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
    return TorchOps.addLowRank(y, dropout.apply(x, index), a, b, scale);
  }

  /** Adds {@code sign · scale · B · A} to a matrix of the base weight's shape. */
  void addTo(NDArray matrix, int sign) {
    TorchOps.addProductInPlace(matrix, b, a, sign * scale);
  }
}
