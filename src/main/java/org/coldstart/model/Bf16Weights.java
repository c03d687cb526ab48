package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.TorchOps;

/**
 * Copies of weights in bf16, so that a weight is rounded once an optimizer step and not once a batch. They cost two
 * bytes a value.
 */
final class Bf16Weights {

  private final Map<NDArray, NDArray> copies = new IdentityHashMap<>();

  /**
   * Copies matrices; vectors are not multiplied in bf16.
   *
   * @param manager owns the copies
   */
  Bf16Weights(Collection<NDArray> weights, NDManager manager) {
    for (NDArray weight : weights) {
      if (weight.getShape().dimension() > 1) {
        NDArray copy = TorchOps.toBf16(weight);
        copy.attach(manager);
        copies.put(weight, copy);
      }
    }
  }

  /** A weight's copy, or the weight itself if there is none. */
  NDArray of(NDArray weight) {
    return copies.getOrDefault(weight, weight);
  }

  /** Rounds again those weights that training has changed. */
  void renew(Collection<NDArray> changed) {
    NDArray[] originals = changed.stream().filter(copies::containsKey).toArray(NDArray[]::new);
    NDArray[] rounded = new NDArray[originals.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = copies.get(originals[i]);
    }
    if (rounded.length > 0) {
      OptimizerOps.copy(rounded, originals);
    }
  }
}
