package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

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
   * (batch, time, hidden) → (batch, time, hidden). Takes over {@code x}: it and all intermediate
   * tensors are released on return, save those that autograd still holds for the way back.
   */
  NDArray forward(NDArray x, Pass pass) {
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      NDArray attended = attention.forward(beforeAttention.forward(x), pass);
      NDArray middle = x.add(afterAttention.forward(attended));
      NDArray fed = feedForward.forward(beforeFeedForward.forward(middle), pass.precision());
      NDArray result = middle.add(afterFeedForward.forward(fed));
      result.attach(outer);
      return result;
    }
  }
}
