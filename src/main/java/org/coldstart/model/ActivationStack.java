package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What a forward pass keeps for the way back: the last tensor kept is the first one recalled.
 *
 * <p>A layer's intermediate tensors die with the layer. So tensors are first only noted, and move
 * into the tape's keeping once the layer is through.
 */
final class ActivationStack implements AutoCloseable {

  private final NDManager manager;
  private final Deque<NDArray> kept = new ArrayDeque<>();
  private final List<NDArray> noted = new ArrayList<>();

  ActivationStack(NDManager parent) {
    manager = parent.newSubManager();
  }

  void keep(NDArray x) {
    kept.push(x);
    noted.add(x);
  }

  /** Takes over what was kept since the last call, before its layer's tensors are released. */
  void settle() {
    noted.forEach(x -> x.attach(manager));
    noted.clear();
  }

  /** The tensor kept last, from now on in the keeping of {@code next}. */
  NDArray recall(NDManager next) {
    NDArray x = kept.pop();
    x.attach(next);
    return x;
  }

  @Override
  public void close() {
    manager.close();
  }
}
