package org.coldstart.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Holds the tensors of a checkpoint against its configuration: all there, of the right shape, and
 * no others.
 */
final class TensorCheck {
  /** Buffers that older checkpoints carry and that follow from the configuration. */
  private static final Pattern DERIVED =
      Pattern.compile(".*\\.(rotary_emb\\.inv_freq|self_attn\\.(masked_bias|bias))");

  private TensorCheck() {}

  static void check(ModelConfig config, Map<String, TensorInfo> tensors, String origin) {
    Map<String, List<Long>> expected = config.tensorShapes();
    expected.forEach((name, shape) -> checkOne(name, shape, tensors.get(name), origin));
    for (String name : tensors.keySet()) {
      boolean tiedHead = config.tieWordEmbeddings() && name.equals("lm_head.weight");
      if (!expected.containsKey(name) && !tiedHead && !DERIVED.matcher(name).matches()) {
        throw new CheckpointException(
            "Tensor \""
                + name
                + "\" in "
                + origin
                + " is not part of a "
                + config.architecture()
                + " with this configuration; leaving it out would change the results.");
      }
    }
  }

  private static void checkOne(String name, List<Long> shape, TensorInfo found, String origin) {
    if (found == null) {
      throw new CheckpointException(
          "Tensor \""
              + name
              + "\" "
              + shape
              + " is missing in "
              + origin
              + ": the file is incomplete, or its configuration belongs to another model.");
    }
    if (!found.shape().equals(shape)) {
      throw new CheckpointException(
          "Tensor \""
              + name
              + "\" in "
              + origin
              + " has the shape "
              + found.shape()
              + ", but the configuration asks for "
              + shape
              + ".");
    }
  }
}
