package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The gated feed-forward half of a layer, {@code down(activation(gate(x)) · up(x))} (Shazeer,
 * 2020).
 *
 * @param gate hidden → intermediate
 * @param up hidden → intermediate
 * @param joint gate and up in one: their weights are its weight's rows
 * @param down intermediate → hidden
 */
record FeedForward(Activation activation, Linear gate, Linear up, Linear joint, Linear down) {

  /** (n, hidden) → (n, hidden). */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray in = pass.keep(pass.rounded(x));
    NDArray g = pass.keep(gate.forward(in, pass));
    NDArray u = pass.keep(up.forward(in, pass));
    return down.forward(opened(g, u), pass);
  }

  /** From the gradient of what {@link #forward} gave to that of what it took. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDArray u = pass.recall(dy.getManager());
    NDArray g = pass.recall(dy.getManager());
    NDArray in = pass.recall(dy.getManager());
    // Worked out again: kept, the product would be a quarter of all that is kept.
    NDArray product = opened(g, u);
    NDArray dProduct = down.backward(pass.rounded(dy), product, pass);
    product.close();
    NDArray[] gated =
        switch (activation) {
          case SILU -> TrainingOps.siluProduct(dProduct, g, u);
          case GELU_TANH -> TrainingOps.geluTanhProduct(dProduct, g, u);
        };
    NDArray dx = gate.backward(gated[0], in, pass);
    up.backward(gated[1], in, pass, dx);
    return dx;
  }

  private NDArray opened(NDArray gate, NDArray up) {
    return switch (activation) {
      case SILU -> DecoderOps.siluProduct(gate, up);
      case GELU_TANH -> DecoderOps.geluTanhProduct(gate, up);
    };
  }
}
