package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * One layer of the decoder: attention, then feed-forward, each normed before and added to its
 * input.
 */
record DecoderLayer(
    RmsNorm inputNorm, Attention attention, RmsNorm postAttentionNorm, FeedForward feedForward) {

  /**
   * (batch, time, hidden) → (batch, time, hidden). Takes over {@code x}: it and all intermediate
   * tensors are released on return, save those that autograd still holds for the way back.
   */
  NDArray forward(NDArray x, Pass pass) {
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      NDArray attended = x.add(attention.forward(inputNorm.forward(x), pass));
      NDArray normed = postAttentionNorm.forward(attended);
      NDArray result = attended.add(feedForward.forward(normed, pass.precision()));
      result.attach(outer);
      return result;
    }
  }
}
