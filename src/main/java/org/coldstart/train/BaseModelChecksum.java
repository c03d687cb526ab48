package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import org.coldstart.model.CausalLm;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * Tells a model from another of the same shapes. An adapter, or rows trained on their own, are
 * saved without the weights that they were trained on, and mean nothing on others.
 */
final class BaseModelChecksum {

  /**
   * How far two sums may lie apart, as a share. Merging an adapter and taking it out again rounds
   * the weights anew, which moves the sum by less; another model lies much further off.
   */
  private static final double ROUNDING = 1e-8;

  /** Values read at a time. */
  private static final long CHUNK = 1 << 20;

  private BaseModelChecksum() {}

  /**
   * The sum of the absolute values of all weights but those of matrices of which rows are trained.
   */
  static double sum(CausalLm model) {
    Map<String, NDArray> trained = model.trainableParameters();
    return model.parameters().entrySet().stream()
        .filter(weight -> !hasTrainedRows(weight.getKey(), trained))
        .mapToDouble(weight -> sum(weight.getValue()))
        .sum();
  }

  /** Trained rows go by the name of their matrix's module. */
  private static boolean hasTrainedRows(String weight, Map<String, NDArray> trained) {
    String module = weight.substring(0, weight.lastIndexOf('.'));
    return trained.keySet().stream().anyMatch(name -> name.contains(module + ".token_adapter"));
  }

  private static double sum(NDArray weight) {
    double sum = 0;
    try (NDManager scope = Torch.newManager()) {
      NDArray flat = weight.reshape(weight.size());
      flat.attach(scope);
      for (long at = 0; at < weight.size(); at += CHUNK) {
        try (NDArray part = TorchOps.slice(flat, 0, at, Math.min(CHUNK, weight.size() - at))) {
          for (float value : part.toFloatArray()) {
            sum += Math.abs(value);
          }
        }
      }
    }
    return sum;
  }

  /** Whether two sums are of other weights; one that is not known is not held against a run. */
  static boolean differ(double saved, double now) {
    return Math.abs(saved - now) > ROUNDING * Math.abs(now);
  }
}
