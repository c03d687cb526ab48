package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.IdentityHashMap;
import java.util.Map;
import org.coldstart.torch.Torch;
import org.coldstart.torch.TorchOps;

/** The sums of gradients, one f32 array of each trained parameter's shape. */
public final class Gradients implements AutoCloseable {

  private final NDManager manager = Torch.newManager();
  private final Map<NDArray, NDArray> sums = new IdentityHashMap<>();

  /** Zeros for the given parameters; all others are frozen. */
  public Gradients(Map<String, NDArray> parameters) {
    parameters.values().forEach(p -> sums.put(p, manager.zeros(p.getShape())));
  }

  /** The gradient gathered so far, or null for a parameter that is not trained. */
  public NDArray of(NDArray parameter) {
    return sums.get(parameter);
  }

  /** Sets all sums back to zero. */
  public void clear() {
    TorchOps.zero(sums.values().toArray(NDArray[]::new));
  }

  /** Frees the sums. */
  @Override
  public void close() {
    manager.close();
  }
}
