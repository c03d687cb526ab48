package org.coldstart.io.torch;

import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Supplier;

/**
 * Torch's recording of operations, which is only ever turned off here: gradients are worked out by {@link TrainingOps}.
 *
 * <p>
 * Whether operations are recorded is a property of the calling thread, and the cells of a notebook run on changing
 * threads; so the mode is set around a piece of work and restored after it.
 */
public final class Autograd {

  private Autograd() {}

  /** Runs {@code work} without recording: no graph, no memory for it. */
  public static <T> T withoutGradient(Supplier<T> work) {
    Torch.root();
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(false);
    try {
      return work.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }
}
