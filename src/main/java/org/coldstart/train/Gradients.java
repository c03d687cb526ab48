package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import java.util.Collection;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.TorchOps;

/** The gradients of all trained parameters, taken as one vector. */
final class Gradients {

  private Gradients() {}

  /**
   * Scales the gradients down to a greatest length, as {@code torch.nn.utils.clip_grad_norm_} does.
   *
   * @param maxNorm 0 for never
   * @return the length before
   */
  static double clip(Collection<NDArray> parameters, double maxNorm) {
    return Autograd.withoutGradient(
        () -> {
          NDArray[] gradients = of(parameters);
          try (NDArray total = TorchOps.globalNorm(gradients)) {
            double norm = total.getFloat();
            if (maxNorm > 0 && norm > maxNorm) {
              // torch guards its division in the same way.
              TorchOps.scaleInPlace(gradients, maxNorm / (norm + 1e-6));
            }
            return norm;
          } finally {
            close(gradients);
          }
        });
  }

  /** Handles on the gradients, which the caller closes. */
  static NDArray[] of(Collection<NDArray> parameters) {
    return parameters.stream().map(Autograd::gradient).toArray(NDArray[]::new);
  }

  static void close(NDArray[] handles) {
    for (NDArray handle : handles) {
      handle.close();
    }
  }
}
