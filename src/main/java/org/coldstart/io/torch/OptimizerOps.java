package org.coldstart.io.torch;

import static org.coldstart.io.torch.TorchScript.OPS;

import ai.djl.ndarray.NDArray;

/**
 * An optimizer's step, in place over lists of tensors; each operation is a few lines of TorchScript in
 * {@code optimizer.py}.
 */
public final class OptimizerOps {

  private OptimizerOps() {}

  /** The Euclidean norm of all tensors taken as one vector. */
  public static NDArray globalNorm(NDArray[] tensors) {
    return OPS.call("global_norm", (Object) tensors);
  }

  /** Multiplies every tensor in place. */
  public static void scaleInPlace(NDArray[] tensors, double factor) {
    OPS.invoke("scale_all", tensors, factor);
  }

  /** Sets tensors to zero in place. */
  public static void zero(NDArray[] tensors) {
    OPS.invoke("zero_all", (Object) tensors);
  }

  /** Copies tensors over others, converting their number formats. */
  public static void copy(NDArray[] targets, NDArray[] sources) {
    OPS.invoke("copy_all", targets, sources);
  }

  /** Takes one fused AdamW step in place; all lists run parallel to {@code parameters}. */
  public static void adamW(NDArray[] parameters, NDArray[] gradients, NDArray[] means, NDArray[] squares,
      NDArray[] steps, double learningRate, double beta1, double beta2, double weightDecay, double eps) {
    OPS.invoke("adamw", parameters, gradients, means, squares, steps, learningRate, beta1, beta2, weightDecay, eps);
  }

  /**
   * Takes one step of AdamW with block-wise quantised state, in place, over {@code blocks} blocks of {@code width}
   * values from value {@code start} on, which lies at a multiple of 256.
   *
   * @param tensors parameter and gradient (f32, contiguous), codes of both moments (uint8, flat), the largest value of
   * each block of both (f32)
   * @param means what the first moment's codes mean: their values (256), and by a float's upper 16 bits the border it
   * may have to the next code and the code below that (65536), all f32
   * @param squares the same for the second
   * @param rate negative step size, bias corrections included
   * @param decay share taken off the parameters before
   * @param eps added to the root, bias correction included
   */
  public static void adamW8Bit(NDArray[] tensors, NDArray[] means, NDArray[] squares, long start, long blocks,
      long width, double rate, double beta1, double beta2, double decay, double eps) {
    OPS.invoke("adamw8", tensors, means, squares, start, blocks, width, rate, beta1, beta2, decay, eps);
  }
}
