package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.LayerTensors;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.AttentionSpan.AttentionContext;

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

  /** The next tokens of a cache's rows, (batch · time, hidden), in place. */
  void decode(NDArray x, KvCache cache, Map<LayerType, AttentionContext> contexts) {
    AttentionContext context = contexts.get(attention.type());
    KvCache.Entry entry = cache.reserved(attention.layer(), (int) x.getShape().get(0) / cache.batchSize());
    DecoderOps.decode(x, tensors(), context.cos(), context.sin(), entry.keys(), entry.values(), context.mask(),
        cache.batchSize(), cache.firstColumn(context.window()), cache.length());
  }

  private LayerTensors tensors() {
    NDArray[] norms = Stream
      .of(beforeAttention, attention.queryNorm(), attention.keyNorm(), afterAttention, beforeFeedForward,
          afterFeedForward)
      .map(norm -> norm == Norm.NONE ? Linear.NONE : norm.weight())
      .toArray(NDArray[]::new);
    NDArray[] linears = Stream.of(attention.joint(), attention.output(), feedForward.joint(), feedForward.down())
      .flatMap(Linear::tensors)
      .toArray(NDArray[]::new);
    List<Linear> adapted = Stream
      .of(attention.query(), attention.key(), attention.value(), attention.output(), feedForward.gate(),
          feedForward.up(), feedForward.down())
      .toList();
    if (adapted.stream().noneMatch(Linear::adapted)) {
      adapted = List.of();
    }
    return new LayerTensors(norms, linears, adapted.stream().flatMap(Linear::lowRank).toArray(NDArray[]::new),
        adapted.stream().mapToDouble(each -> each.adapted() ? each.delta().scale() : 0).toArray(),
        beforeAttention.eps(), beforeAttention.onePlusWeight(), feedForward.silu(), attention.config().scale(),
        attention.cap());
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
