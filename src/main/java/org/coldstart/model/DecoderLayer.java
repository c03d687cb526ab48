package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.coldstart.io.torch.TorchOps;

/**
 * One layer of the decoder: attention, then feed-forward, each normed before, in some architectures
 * also after, and added to its input.
 */
record DecoderLayer(
    Norm beforeAttention,
    Attention attention,
    Norm afterAttention,
    Norm beforeFeedForward,
    FeedForward feedForward,
    Norm afterFeedForward) {

  /**
   * (n, hidden) → (n, hidden). Takes over {@code x}: it and all intermediate tensors are released
   * on return, save those that the pass's tape keeps for the way back.
   */
  NDArray forward(NDArray x, ForwardContext pass) {
    if (pass.continuesByOne(x) && FusedDecodeLayer.run(this, x, pass)) {
      return x;
    }
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      NDArray attended = attention.forward(beforeAttention.forward(x, pass), pass);
      NDArray middle = x.add(afterAttention.forward(attended, pass));
      NDArray fed = feedForward.forward(beforeFeedForward.forward(middle, pass), pass);
      NDArray result = middle.add(afterFeedForward.forward(fed, pass));
      if (pass.tape() != null) {
        pass.tape().settle();
      }
      result.attach(outer);
      return result;
    }
  }

  /**
   * The gradient of what {@link #forward} took, from that of what it gave, f32. Takes over {@code
   * dy} and overwrites it.
   */
  NDArray backward(NDArray dy, ForwardContext pass) {
    NDManager outer = dy.getManager();
    try (NDManager scope = outer.newSubManager()) {
      dy.attach(scope);
      NDArray fed = feedForward.backward(afterFeedForward.backward(dy, pass), pass);
      TorchOps.addInPlace(dy, beforeFeedForward.backward(fed, pass));
      NDArray attended = attention.backward(afterAttention.backward(dy, pass), pass);
      TorchOps.addInPlace(dy, beforeAttention.backward(attended, pass));
      dy.attach(outer);
      return dy;
    }
  }
}
