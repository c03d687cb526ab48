package org.coldstart.io.torch;

import static org.coldstart.io.torch.TorchScript.OPS;
import static org.coldstart.io.torch.TorchScript.optional;

import ai.djl.ndarray.NDArray;

/**
 * The gradients of a decoder's operations, of {@code backward.py}, where their formulas stand: from the gradient dy of
 * an operation's result to those of what it was given.
 *
 * <p>
 * Written by hand instead of recorded by autograd, a pass keeps only what it needs, adds weight gradients into their
 * sums while they are multiplied out, and takes no memory twice; on a CPU that is most of what separates a training
 * step from its matrix products.
 */
public final class TrainingOps {

  private TrainingOps() {}

  /**
   * Adds a linear layer's weight gradient {@code dyᵀ · x} to a sum.
   *
   * @param total f32, shape (out, in)
   * @param dy shape (n, out)
   * @param x shape (n, in), of dy's type
   */
  public static void addOuter(NDArray total, NDArray dy, NDArray x) {
    OPS.invoke("add_outer", total, dy, x);
  }

  /** Adds a bias's gradient, the sum of dy over its rows, to a sum of shape (out). */
  public static void addRows(NDArray total, NDArray dy) {
    OPS.invoke("add_rows", total, dy);
  }

  /** A linear layer's input gradient {@code dy · weight}, shape (n, in). */
  public static NDArray times(NDArray dy, NDArray weight) {
    return OPS.call("times", dy, weight);
  }

  /** Adds {@code dy · weight} to a sum of shape (n, in). */
  public static void addTimes(NDArray total, NDArray dy, NDArray weight) {
    OPS.invoke("add_times", total, dy, weight);
  }

  /**
   * The gradients of {@link DecoderOps#addLowRank}: adds to those of a and b.
   *
   * @param x shape (n, in)
   * @param da where a's gradient is added, or null if it is frozen; db alike
   * @return the part of x's gradient that comes through the adapter
   */
  public static NDArray lowRank(NDArray dy, NDArray x, NDArray a, NDArray b, double scale, NDArray da, NDArray db) {
    return OPS.call("add_low_rank_backward", dy, x, a, b, scale, optional(da), optional(db));
  }

  /** Adds rows to those rows of a sum that {@code index} names; an index may repeat. */
  public static void addAtRows(NDArray total, NDArray index, NDArray dx) {
    OPS.invoke("scatter_rows", total, index, dx);
  }

  /**
   * Adds to the gradient of some rows of an embedding matrix.
   *
   * @param total shape (k, size)
   * @param dx the gradient of what was looked up, shape (n, size)
   * @param ids what was looked up, int64, shape (n)
   * @param slots for each row of the matrix its place in {@code total}, or −1; int64
   */
  public static void lookedUpRows(NDArray total, NDArray dx, NDArray ids, NDArray slots) {
    OPS.invoke("looked_up_rows", total, dx, ids, slots);
  }

  /**
   * The gradient of {@link DecoderOps#rmsNorm}.
   *
   * @param x what was normalised, shape (…, size)
   * @param total where the weight's gradient is added, or null for a frozen weight
   * @return f32, of x's shape
   */
  public static NDArray rmsNorm(NDArray dy, NDArray x, NDArray weight, double eps, boolean onePlus, NDArray total) {
    return OPS.call("rms_norm_backward", dy, x, weight, eps, onePlus, optional(total));
  }

  /**
   * The gradients of {@link DecoderOps#glu}.
   *
   * @return those of gate and up, and the product itself, which need not be kept then
   */
  public static NDArray[] glu(NDArray dy, NDArray gate, NDArray up, boolean silu) {
    return OPS.callAll("glu_backward", dy, gate, up, silu);
  }

  /** The gradient of {@link DecoderOps#rotate}, shape (n, heads, size). */
  public static NDArray rotate(NDArray dy, NDArray cos, NDArray sin) {
    return OPS.call("rotate_backward", dy, cos, sin);
  }

  /**
   * The gradients of {@link DecoderOps#packedAttention}; adds to those of the prefix.
   *
   * @return those of q, k and v, heads side by side
   */
  public static NDArray[] packedAttention(NDArray dy, NDArray q, NDArray k, NDArray v, PackedAttention p) {
    return OPS.callAll("packed_attention_backward", dy, q, k, v, p.prefix(), p.seqLens(), p.keyValueHeads(), p.scale(),
        p.cap(), p.window(), p.block());
  }

  /**
   * Cross-entropy of logits against labels.
   *
   * @param logits shape (n, vocabulary); overwritten by their gradient if there are weights
   * @param labels int64, shape (n)
   * @param weights what each label's loss is multiplied by in the gradient, f32, shape (n); null for no gradient
   * @param cap soft cap of the logits, 0 for none
   * @param temperature divides them
   * @return three sums without weights: of the losses, of labels that were likeliest, of the entropies in nats; and the
   *   labels' log-probabilities, shape (n)
   */
  public static NDArray[] crossEntropy(NDArray logits, NDArray labels, NDArray weights, double cap,
      double temperature) {
    return OPS.callAll("cross_entropy", logits, labels, optional(weights), cap, temperature);
  }
}
