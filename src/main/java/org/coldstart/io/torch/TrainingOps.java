package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * The way back through a decoder's operations: from the gradient of what an operation gave to the
 * gradient of what it was given.
 *
 * <p>Each is a few lines of TorchScript in {@code training.torchscript}. Written by hand instead of
 * recorded by autograd, a pass keeps only what it needs, adds weight gradients into their sums
 * while they are multiplied out, and takes no memory twice; on a CPU that is most of what separates
 * a training step from its matrix products. A result belongs to the manager of the first argument.
 */
public final class TrainingOps {

  private static final TorchScript OPS =
      TorchScript.ofResource(Torch.root(), "training.torchscript");

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
    return OPS.call("times", dy.getManager(), dy, weight);
  }

  /** Adds {@code dy · weight} to a sum of shape (n, in). */
  public static void addTimes(NDArray total, NDArray dy, NDArray weight) {
    OPS.invoke("add_times", total, dy, weight);
  }

  /**
   * Back through {@link DecoderOps#rmsNorm}.
   *
   * @param x what was normed, shape (…, size)
   * @param total where the weight's gradient is added, or null for a frozen weight
   * @return f32, of x's shape
   */
  public static NDArray rmsNorm(
      NDArray dy, NDArray x, NDArray weight, double eps, boolean onePlus, NDArray total) {
    return OPS.call(
        "rms_norm", dy.getManager(), dy, x, weight, eps, onePlus, TorchScript.optional(total));
  }

  /**
   * Back through {@code silu(gate) · up}.
   *
   * @return the gradients of gate and up, and the product itself, for it need not be kept
   */
  public static NDArray[] siluProduct(NDArray dy, NDArray gate, NDArray up) {
    return OPS.callAll("silu_product", dy.getManager(), dy, gate, up);
  }

  /** The same for {@code gelu(gate) · up} in the tanh form. */
  public static NDArray[] geluTanhProduct(NDArray dy, NDArray gate, NDArray up) {
    return OPS.callAll("gelu_tanh_product", dy.getManager(), dy, gate, up);
  }

  /**
   * Causal attention over rows that stand end to end, by the CPU's flash kernel.
   *
   * @param q shape (n, heads · size)
   * @param k shape (n, key-value heads · size)
   * @param rows the rows' lengths, n together; no position sees another row
   * @param groups query heads to a key-value head
   * @return what is seen, of q's shape, and the logarithms of the softmax sums, which the way back
   *     needs
   */
  public static NDArray[] flashRows(
      NDArray q, NDArray k, NDArray v, long[] rows, int keyValueHeads, int groups, double scale) {
    return OPS.callAll("flash_rows", q.getManager(), q, k, v, rows, keyValueHeads, groups, scale);
  }

  /** Back through {@link #flashRows}: the gradients of q, k and v. */
  public static NDArray[] flashRowsBackward(
      NDArray dy,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray seen,
      NDArray logSums,
      long[] rows,
      int keyValueHeads,
      int groups,
      double scale) {
    return OPS.callAll(
        "flash_rows_backward",
        dy.getManager(),
        dy,
        q,
        k,
        v,
        seen,
        logSums,
        rows,
        keyValueHeads,
        groups,
        scale);
  }

  /**
   * Lets rows see what stood before all of them as well. Softmax over two parts is each part's own
   * softmax, weighed by its share of both sums.
   *
   * @param q as given to {@link #flashRows}
   * @param seen what that returned
   * @param logSums likewise
   * @param k keys of what stood before, shape (m, key-value heads · size)
   * @param v its values
   * @return what is seen of both, and the logarithms of both sums, for the way back
   */
  public static NDArray[] flashAfter(
      NDArray q,
      NDArray seen,
      NDArray logSums,
      NDArray k,
      NDArray v,
      int keyValueHeads,
      int groups,
      double scale) {
    return OPS.callAll(
        "flash_after", q.getManager(), q, seen, logSums, k, v, keyValueHeads, groups, scale);
  }

  /**
   * Back through {@link #flashAfter}, after {@link #flashRowsBackward} with what that returned.
   *
   * @param dq where the gradient of q is added
   * @param dk where that of the keys before is added, f32, of their shape
   * @param dv likewise
   */
  public static void flashAfterBackward(
      NDArray dy,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray seen,
      NDArray logSums,
      NDArray dq,
      NDArray dk,
      NDArray dv,
      int keyValueHeads,
      int groups,
      double scale) {
    OPS.invoke(
        "flash_after_backward",
        dy,
        q,
        k,
        v,
        seen,
        logSums,
        dq,
        dk,
        dv,
        keyValueHeads,
        groups,
        scale);
  }

  /**
   * Causal attention over rows end to end with all scores written out, where scores are capped or
   * sight is short.
   *
   * @param cap scores become {@code cap · tanh(score / cap)}; 0 for none
   * @param window how many positions, itself included, a position sees
   */
  public static NDArray denseRows(
      NDArray q,
      NDArray k,
      NDArray v,
      long[] rows,
      int keyValueHeads,
      int groups,
      double scale,
      double cap,
      int window) {
    return OPS.call(
        "dense_rows", q.getManager(), q, k, v, rows, keyValueHeads, groups, scale, cap, window);
  }

  /** Back through {@link #denseRows}: the gradients of q, k and v. */
  public static NDArray[] denseRowsBackward(
      NDArray dy,
      NDArray q,
      NDArray k,
      NDArray v,
      long[] rows,
      int keyValueHeads,
      int groups,
      double scale,
      double cap,
      int window) {
    return OPS.callAll(
        "dense_rows_backward",
        dy.getManager(),
        dy,
        q,
        k,
        v,
        rows,
        keyValueHeads,
        groups,
        scale,
        cap,
        window);
  }

  /**
   * Cross-entropy of scores against labels.
   *
   * @param logits shape (n, vocabulary); without a cap, f32 logits are overwritten by their
   *     probabilities
   * @param labels int64, shape (n)
   * @param cap soft cap of the scores, 0 for none
   * @return probabilities, f32, of the logits' shape; and three sums: of the losses, of labels that
   *     were likeliest, of the entropies in nats
   */
  public static NDArray[] crossEntropy(NDArray logits, NDArray labels, double cap) {
    return OPS.callAll("cross_entropy", logits.getManager(), logits, labels, cap);
  }

  /**
   * Back through {@link #crossEntropy}; overwrites the probabilities.
   *
   * @param scale what the loss is multiplied by
   * @return the logits' gradient, of their shape and type
   */
  public static NDArray crossEntropyBackward(
      NDArray probabilities, NDArray logits, NDArray labels, double cap, double scale) {
    return OPS.call(
        "cross_entropy_backward",
        probabilities.getManager(),
        probabilities,
        logits,
        labels,
        cap,
        scale);
  }

  /** Adds rows to those rows of a sum that {@code index} names; an index may repeat. */
  public static void addAtRows(NDArray total, NDArray index, NDArray dx) {
    OPS.invoke("scatter_rows", total, index, dx);
  }

  /** Copies values into bf16 twins. */
  public static void renew(NDArray[] copies, NDArray[] originals) {
    OPS.invoke("renew", copies, originals);
  }

  /**
   * Back through {@link DecoderOps#moveLookedUp}: adds to the gradient of the other rows.
   *
   * @param total shape (k, size)
   * @param dx the gradient of what was looked up, shape (n, size)
   */
  public static void lookedUpRows(NDArray total, NDArray dx, NDArray ids, NDArray slots) {
    OPS.invoke("looked_up_rows", total, dx, ids, slots);
  }

  /**
   * Back through {@link DecoderOps#moveScores}: adds to the gradient of the other rows, and to x's.
   *
   * @param total shape (k, size)
   * @param dScores shape (n, vocabulary)
   */
  public static void scoredRows(
      NDArray total,
      NDArray dScores,
      NDArray x,
      NDArray dx,
      NDArray rows,
      NDArray matrix,
      NDArray of) {
    OPS.invoke("scored_rows", total, dScores, x, dx, rows, matrix, of);
  }

  /**
   * Back through {@link DecoderOps#addLowRank}: adds to the gradients of a and b.
   *
   * @param x shape (n, in)
   * @param da where a's gradient is added, or null if it is frozen
   * @param db likewise
   * @return the share of x's gradient that comes through the adapter
   */
  public static NDArray lowRank(
      NDArray dy, NDArray x, NDArray a, NDArray b, double scale, NDArray da, NDArray db) {
    return OPS.call(
        "low_rank",
        dy.getManager(),
        dy,
        x,
        a,
        b,
        scale,
        TorchScript.optional(da),
        TorchScript.optional(db));
  }
}
