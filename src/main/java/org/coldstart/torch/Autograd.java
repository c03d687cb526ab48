package org.coldstart.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.Supplier;

/**
 * Gradients: where they are recorded, how they flow back, and how they are read and cleared.
 *
 * <p>Whether operations are recorded is a property of the calling thread, and the cells of a
 * notebook run on changing threads; so the mode is set around a piece of work and restored after
 * it.
 */
public final class Autograd {

  private Autograd() {}

  /** Runs {@code work} without recording: no graph, no memory for it. */
  public static <T> T withoutGradient(Supplier<T> work) {
    return inMode(false, work);
  }

  /** Runs {@code work} with recording. */
  public static <T> T withGradient(Supplier<T> work) {
    return inMode(true, work);
  }

  private static <T> T inMode(boolean recording, Supplier<T> work) {
    Torch.root();
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(recording);
    try {
      return work.get();
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  /** Marks a parameter as one that gradients are wanted for, or as frozen. */
  public static void requireGradient(NDArray parameter, boolean required) {
    parameter.setRequiresGradient(required);
    if (required) {
      withoutGradient(() -> restore(parameter));
    }
  }

  /**
   * Adds the gradient of a scalar to the gradients of all parameters it was computed from.
   *
   * @param scalar shape {@code ()}, recorded under {@link #withGradient}
   */
  public static void backward(NDArray scalar) {
    try (NDArray one = scalar.getManager().ones(scalar.getShape())) {
      JniUtils.backward((PtNDArray) scalar, (PtNDArray) one, false, false);
    }
  }

  /**
   * The gradient gathered so far, of the parameter's shape; zeros before any backward.
   *
   * @return a handle on the gradient itself, which the caller closes
   */
  public static NDArray gradient(NDArray parameter) {
    NDArray gradient = JniUtils.getGradient((PtNDArray) parameter);
    return gradient == null ? parameter.zerosLike() : gradient;
  }

  private static Void restore(NDArray parameter) {
    try (NDArray gradient = JniUtils.getGradient((PtNDArray) parameter)) {
      if (gradient != null && gradient.size() != parameter.size()) {
        TorchOps.restoreGradient(gradient, parameter);
      }
    }
    return null;
  }

  /** Frees the memory of a parameter's gradient; it is empty until gradients are required again. */
  public static void releaseGradient(NDArray parameter) {
    withoutGradient(
        () -> {
          try (NDArray gradient = JniUtils.getGradient((PtNDArray) parameter)) {
            if (gradient != null) {
              TorchOps.releaseGradient(gradient);
            }
          }
          return null;
        });
  }

  /** Sets the gradient of a parameter back to zero. */
  public static void zeroGradient(NDArray parameter) {
    JniUtils.zeroGrad((PtNDArray) parameter);
  }
}
