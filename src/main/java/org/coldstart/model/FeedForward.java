package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/**
 * The gated feed-forward half of a layer, {@code down(silu(gate(x)) · up(x))} (SwiGLU; Shazeer,
 * 2020).
 *
 * @param gate hidden → intermediate
 * @param up hidden → intermediate
 * @param down intermediate → hidden
 */
record FeedForward(Linear gate, Linear up, Linear down) {

  /** (batch, time, hidden) → (batch, time, hidden). */
  NDArray forward(NDArray x, Precision precision) {
    NDArray gated = TorchOps.silu(gate.forward(x, precision));
    return down.forward(gated.mul(up.forward(x, precision)), precision);
  }
}
