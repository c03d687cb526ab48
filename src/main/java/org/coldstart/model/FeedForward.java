package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;
import org.coldstart.torch.Precision;

/**
 * The gated feed-forward half of a layer, {@code down(activation(gate(x)) · up(x))} (Shazeer,
 * 2020).
 *
 * @param gate hidden → intermediate
 * @param up hidden → intermediate
 * @param down intermediate → hidden
 */
record FeedForward(UnaryOperator<NDArray> activation, Linear gate, Linear up, Linear down) {

  /** (batch, time, hidden) → (batch, time, hidden). */
  NDArray forward(NDArray x, Precision precision) {
    NDArray gated = activation.apply(gate.forward(x, precision));
    return down.forward(gated.mul(up.forward(x, precision)), precision);
  }
}
