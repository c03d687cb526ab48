package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.stream.Stream;
import org.coldstart.io.torch.DecodedLayers;
import org.coldstart.io.torch.TorchOps;

/**
 * One layer of the decoder, {@code h = x + attention(norm(x)); y = h + feedForward(norm(h))}; some architectures
 * normalise what is added, too.
 */
record DecoderLayer(Norm beforeAttention, Attention attention, Norm afterAttention, Norm beforeFeedForward,
    FeedForward feedForward, Norm afterFeedForward) {

  /**
   * (n, hidden) → (n, hidden). Takes over {@code x}: it and all intermediate tensors are released on return, save those
   * kept for backward.
   */
  NDArray forward(NDArray x, ForwardContext pass) {
    NDManager outer = x.getManager();
    try (NDManager scope = outer.newSubManager()) {
      x.attach(scope);
      NDArray attended = attention.forward(beforeAttention.forward(x, pass), pass);
      NDArray h = x.add(afterAttention.forward(attended, pass));
      NDArray fed = feedForward.forward(beforeFeedForward.forward(h, pass), pass);
      NDArray y = h.add(afterFeedForward.forward(fed, pass));
      if (pass.activations() != null) {
        pass.activations().settle();
      }
      y.attach(outer);
      return y;
    }
  }

  /** Its norms' weights in the order of {@link DecodedLayers}. */
  Stream<NDArray> norms() {
    return Stream
      .of(beforeAttention, attention.queryNorm(), attention.keyNorm(), afterAttention, beforeFeedForward,
          afterFeedForward)
      .map(norm -> norm == Norm.NONE ? Linear.NONE : norm.weight());
  }

  /** The linear layers that decoding multiplies with. */
  Stream<Linear> products() {
    return Stream.of(attention.joint(), attention.output(), feedForward.joint(), feedForward.down());
  }

  /** From y's gradient, f32, to x's. Takes over {@code dy} and overwrites it. */
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
