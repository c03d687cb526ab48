package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.IdentityHashMap;
import java.util.Map;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;

/** The sums of gradients, one f32 array of each trained parameter's shape. */
public final class Gradients implements AutoCloseable {

  private final NDManager manager = Torch.newManager();
  private final Map<NDArray, NDArray> sums = new IdentityHashMap<>();
  private final NDArray[] inOrder;

  /** Zeros for the given parameters; all others are frozen. */
  public Gradients(Map<String, NDArray> parameters) {
    try {
      parameters.values().forEach(p -> sums.put(p, manager.zeros(p.getShape())));
    } catch (RuntimeException | OutOfMemoryError e) {
      close(); // those that found room
      throw e;
    }
    inOrder = parameters.values().stream().map(sums::get).toArray(NDArray[]::new);
  }

  /** The gradient gathered so far, or null for a parameter that is not trained. */
  public NDArray of(NDArray parameter) {
    return sums.get(parameter);
  }

  /**
   * Scales the gradients, taken as one vector, down to a greatest length, as {@code
   * torch.nn.utils.clip_grad_norm_} does.
   *
   * @param maxNorm 0 for never
   * @return the length before
   */
  public double clip(double maxNorm) {
    try (NDArray total = OptimizerOps.globalNorm(inOrder)) {
      double norm = total.getFloat();
      if (maxNorm > 0 && norm > maxNorm) {
        // torch guards its division in the same way.
        OptimizerOps.scaleInPlace(inOrder, maxNorm / (norm + 1e-6));
      }
      return norm;
    }
  }

  /** Sets all sums back to zero. */
  public void clear() {
    OptimizerOps.zero(inOrder);
  }

  /** Frees the sums. */
  @Override
  public void close() {
    manager.close();
  }
}
