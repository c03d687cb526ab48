package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.io.checkpoint.Activation;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The gated feed-forward block of a layer (Shazeer, 2020): {@code y = down(act(gate(x)) · up(x))}.
 *
 * @param gate hidden → intermediate
 * @param up hidden → intermediate
 * @param joint gate and up in one, whose weight's rows are theirs: one product for decoding
 * @param down intermediate → hidden
 */
record FeedForward(Activation activation, Linear gate, Linear up, Linear joint, Linear down) {

  /** (n, hidden) → (n, hidden). */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDArray in = pass.keep(pass.rounded(x));
    if (pass.continues() && !gate.adapted() && !up.adapted()) {
      long size = gate.weight().getShape().get(0);
      NDArray[] both = TorchOps.split(joint.forward(in, pass), 1, size, size);
      return down.forward(glu(both[0], both[1]), pass);
    }
    NDArray g = pass.keep(gate.forward(in, pass));
    NDArray u = pass.keep(up.forward(in, pass));
    return down.forward(glu(g, u), pass);
  }

  private NDArray glu(NDArray gate, NDArray up) {
    return DecoderOps.glu(gate, up, activation == Activation.SILU);
  }

  /** From y's gradient to x's; adds to the parameters' gradients. */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDArray u = pass.recall(dy.getManager());
    NDArray g = pass.recall(dy.getManager());
    NDArray in = pass.recall(dy.getManager());
    // Computed again: kept, the product would be a quarter of all activations kept.
    NDArray product = glu(g, u);
    NDArray dProduct = down.backward(pass.rounded(dy), product, pass);
    product.close();
    NDArray[] d = TrainingOps.glu(dProduct, g, u, activation == Activation.SILU);
    NDArray dx = gate.backward(d[0], in, pass);
    up.backward(d[1], in, pass, dx);
    return dx;
  }
}
