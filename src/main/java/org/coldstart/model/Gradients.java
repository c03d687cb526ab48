package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TrainingOps;

/** The sums of gradients, one f32 array of each trained parameter's shape. */
public final class Gradients implements AutoCloseable {

  private final NDManager manager = Torch.newManager();
  private final Map<NDArray, NDArray> sums = new IdentityHashMap<>();
  private final Map<NDArray, TrainableTokens> masks = new IdentityHashMap<>();
  private final NDArray[] inOrder;

  /**
   * Zeros for the given parameters; all others are frozen.
   *
   * @param masks matrices of which only rows are trained, those being among the parameters
   */
  public Gradients(Map<String, NDArray> parameters, Collection<TrainableTokens> masks) {
    masks.forEach(mask -> this.masks.put(mask.matrix(), mask));
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

  /** Adds dyᵀ · x, the gradient of W in y = x · Wᵀ, as far as W is trained. */
  void addOuter(NDArray weight, NDArray dy, NDArray x) {
    TrainableTokens mask = masks.get(weight);
    if (mask != null) {
      mask.addOuter(of(mask.rows()), dy, x);
    } else if (of(weight) != null) {
      TrainingOps.addOuter(of(weight), dy, x);
    }
  }

  /** Adds the gradient of looking up ids in an embedding matrix, as far as that is trained. */
  void addLookedUp(NDArray embedding, NDArray ids, NDArray dx) {
    TrainableTokens mask = masks.get(embedding);
    if (mask != null) {
      mask.addLookedUp(of(mask.rows()), dx, ids);
    } else if (of(embedding) != null) {
      TrainingOps.addAtRows(of(embedding), ids, dx);
    }
  }

  /**
   * Scales the gradients, taken as one vector, down to a greatest norm, as {@code torch.nn.utils.clip_grad_norm_} does;
   * 0 for never. Returns the norm before.
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
