package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The activations that a forward pass keeps for backward: the last one kept is the first recalled.
 *
 * <p>
 * A layer's intermediate tensors are released with the layer, so {@link #settle} takes those kept over at its end.
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

  /** Takes over what was kept since the last call: before its layer's tensors are released. */
  void settle() {
    noted.forEach(x -> x.attach(manager));
    noted.clear();
  }

  /** The tensor kept last, owned by {@code next} from now on. */
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
