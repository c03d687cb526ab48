package org.coldstart.io.checkpoint;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.io.files.CheckpointException;

/**
 * Holds the tensors of a checkpoint against its configuration: all there and of the right shape.
 * Others are named in a warning and left out, as transformers does.
 */
final class TensorCheck {
  private static final Logger LOG = System.getLogger(TensorCheck.class.getName());

  /** Names that a message takes. */
  private static final int NAMED = 10;

  /** Buffers that older checkpoints carry and that follow from the configuration. */
  private static final Pattern DERIVED =
      Pattern.compile(".*\\.(rotary_emb\\.inv_freq|self_attn\\.(masked_bias|bias))");

  private TensorCheck() {}

  static void check(ModelConfig config, Map<String, TensorInfo> tensors, String origin) {
    Map<String, List<Long>> expected = config.tensorShapes();
    expected.forEach((name, shape) -> checkOne(name, shape, tensors.get(name), origin));
    List<String> unused =
        tensors.keySet().stream()
            .filter(name -> !expected.containsKey(name))
            .filter(name -> !(config.tieWordEmbeddings() && name.equals(Checkpoint.HEAD)))
            .filter(name -> !DERIVED.matcher(name).matches())
            .toList();
    if (!unused.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "{0} of the tensors in {1} are no part of a {2} with this configuration and are left out:"
              + " {3}.",
          unused.size(),
          origin,
          config.architecture(),
          String.join(", ", unused.subList(0, Math.min(unused.size(), NAMED)))
              + (unused.size() > NAMED ? " and others" : ""));
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
