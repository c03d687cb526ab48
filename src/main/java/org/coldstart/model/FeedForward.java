package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The gated feed-forward block of a layer (Shazeer, 2020): {@code y = down(act(gate(x)) · up(x))}.
 *
 * @param gate hidden → intermediate
 * @param up hidden → intermediate
 * @param joint gate and up in one, whose weight's rows are theirs: one product for decoding; where it is held in fewer
 * bits, they are empty
 * @param down intermediate → hidden
 */
record FeedForward(Activation activation, Linear gate, Linear up, Linear joint, Linear down) {

  /** (n, hidden) → (n, hidden). */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray in = pass.keep(pass.rounded(x));
    if (joint.fewer()) {
      return down.forward(DecoderOps.glu(joint.forward(in, pass), silu()), pass);
    }
    NDArray g = pass.keep(gate.forward(in, pass));
    NDArray u = pass.keep(up.forward(in, pass));
    return down.forward(DecoderOps.glu(g, u, silu()), pass);
  }

  /** From y's gradient to x's; adds to the parameters' gradients. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDArray u = pass.recall(dy.getManager());
    NDArray g = pass.recall(dy.getManager());
    NDArray in = pass.recall(dy.getManager());
    // Computed again: kept, the product would be a quarter of all activations kept.
    NDArray product = DecoderOps.glu(g, u, silu());
    NDArray dProduct = down.backward(pass.rounded(dy), product, pass);
    product.close();
    NDArray[] d = TrainingOps.glu(dProduct, g, u, silu());
    NDArray dx = gate.backward(d[0], in, pass);
    up.backward(d[1], in, pass, dx);
    return dx;
  }

  boolean silu() {
    return activation == Activation.SILU;
  }
}
