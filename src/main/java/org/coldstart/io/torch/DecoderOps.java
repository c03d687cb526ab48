package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * The operations of a decoder's layers, and of an adapter's on top of them; their way back is in
 * {@link TrainingOps}, and a shorter way for a single token in {@link IncrementalOps}.
 *
 * <p>Each is a few lines of TorchScript in {@code decoder.torchscript}.
 */
public final class DecoderOps {

  static final TorchScript OPS = TorchScript.ofResource(Torch.root(), "decoder.torchscript");

  private DecoderOps() {}

  /**
   * The rows of a matrix that ids name.
   *
   * @param ids int64, shape (batch, time)
   * @param weight shape (n, size)
   * @return f32, shape (batch, time, size)
   */
  public static NDArray embedding(NDArray ids, NDArray weight) {
    return OPS.call("embedding", ids.getManager(), ids, weight);
  }

  /**
   * Adds noise drawn evenly from (−scale, scale), by the generator that {@link Torch#seed} sets
   * (NEFTune, Jain et al., 2023).
   *
   * @param scale broadcastable to the embeddings
   */
  public static NDArray uniformNoise(NDArray embeddings, NDArray scale) {
    return OPS.call("neftune", embeddings.getManager(), embeddings, scale);
  }

  /**
   * {@code x · weightᵀ (+ bias)}. Under {@link Precision#F32} the product runs in the type that the
   * weight is held in, and the result has that of x.
   *
   * @param x shape (…, in)
   * @param weight shape (out, in)
   * @param bias shape (out), or null
   * @return shape (…, out); bf16 under {@link Precision#BF16}
   */
  public static NDArray linear(NDArray x, NDArray weight, NDArray bias, Precision precision) {
    String suffix = precision == Precision.BF16 ? "_bf16" : "";
    return bias == null
        ? OPS.call("linear" + suffix, x.getManager(), x, weight)
        : OPS.call("linear_bias" + suffix, x.getManager(), x, weight, bias);
  }

  /** {@code x / sqrt(mean(x²) + eps) · weight} over the last axis (Zhang and Sennrich, 2019). */
  public static NDArray rmsNorm(NDArray x, NDArray weight, double eps) {
    return OPS.call("rms_norm", x.getManager(), x, weight, eps);
  }

  /** {@link #rmsNorm} by 1 + weight (Gemma). */
  public static NDArray rmsNormOnePlus(NDArray x, NDArray weight, double eps) {
    return OPS.call("rms_norm_one_plus", x.getManager(), x, weight, eps);
  }

  /** (n, heads · size) → (n, heads, size), a view. */
  public static NDArray byHead(NDArray x, int heads) {
    return OPS.call("by_head", x.getManager(), x, heads);
  }

  /** (n, heads, size) → (n, heads · size). */
  public static NDArray flatHeads(NDArray x) {
    return OPS.call("flat_heads", x.getManager(), x);
  }

  /** (batch · time, heads · size), rows end to end, → (batch, heads, time, size), a view. */
  public static NDArray headsFirst(NDArray x, int batch, int heads) {
    return OPS.call("heads_first", x.getManager(), x, batch, heads);
  }

  /** (batch, heads, time, size) → (batch · time, heads · size). */
  public static NDArray headsLast(NDArray x) {
    return OPS.call("heads_last", x.getManager(), x);
  }

  /**
   * Repeats each key or value head, so that grouped queries find one each: axis 1 grows by {@code
   * times}.
   */
  public static NDArray repeatHeads(NDArray x, int times) {
    return times == 1 ? x : OPS.call("repeat_heads", x.getManager(), x, times);
  }

  /**
   * Rotary position embedding in the half-split layout of Hugging Face checkpoints (Su et al.,
   * 2021).
   *
   * @param x shape (n, heads, size)
   * @param cos shape (n, 1, size), of x's type; the same angles stand in both halves
   */
  public static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    return OPS.call("rotate", x.getManager(), x, cos, sin);
  }

  /**
   * Softmax attention.
   *
   * @param q shape (batch, heads, queries, size)
   * @param k shape (batch, heads, keys, size), {@code v} alike
   * @param mask added to the scores, broadcastable to (batch, heads, queries, keys)
   * @param scale what the products of queries and keys are multiplied by
   */
  public static NDArray attention(NDArray q, NDArray k, NDArray v, NDArray mask, double scale) {
    return OPS.call("attention", q.getManager(), q, k, v, mask, scale);
  }

  /** The same with {@link #softcap} over the scaled scores, before the mask. */
  public static NDArray softcappedAttention(
      NDArray q, NDArray k, NDArray v, NDArray mask, double scale, double cap) {
    return OPS.call("attention_softcapped", q.getManager(), q, k, v, mask, scale, cap);
  }

  /** {@code silu(gate) · up}, where {@code silu(x) = x · sigmoid(x)}. */
  public static NDArray siluProduct(NDArray gate, NDArray up) {
    return OPS.call("silu_product", gate.getManager(), gate, up);
  }

  /** {@code gelu(gate) · up}, with the tanh form of the Gaussian error linear unit. */
  public static NDArray geluTanhProduct(NDArray gate, NDArray up) {
    return OPS.call("gelu_tanh_product", gate.getManager(), gate, up);
  }

  /** {@code cap · tanh(x / cap)}, which keeps values within ±cap. */
  public static NDArray softcap(NDArray x, double cap) {
    return OPS.call("softcap", x.getManager(), x, cap);
  }

  /**
   * {@code y + scale · (x · aᵀ) · bᵀ}: a low-rank addition to what a matrix made of x (Hu et al.,
   * 2021), in y's number format.
   *
   * @param y shape (…, out)
   * @param x shape (…, in)
   * @param a shape (r, in)
   * @param b shape (out, r)
   */
  public static NDArray addLowRank(NDArray y, NDArray x, NDArray a, NDArray b, double scale) {
    return OPS.call("add_low_rank", y.getManager(), y, x, a, b, scale);
  }

  /** Adds {@code scale · b · a} to a matrix; writes, records nothing. */
  public static void addProductInPlace(NDArray target, NDArray b, NDArray a, double scale) {
    OPS.invokeUnrecorded("add_product", target, b, a, scale);
  }

  /**
   * Sets a share p of the values to zero and divides the others by 1 − p, in f32. The same seed and
   * shape give the same choice; the generator is this call's own.
   */
  public static NDArray dropout(NDArray x, double p, long seed) {
    return OPS.call("dropout_of_seed", x.getManager(), x, p, seed);
  }

  /**
   * Embeddings looked up in a matrix, as if some of its rows had other values.
   *
   * @param x what was looked up, shape (n, size); overwritten
   * @param ids int64, shape (n)
   * @param slots for each row of the matrix where in {@code rows} its value stands, or −1; int64
   * @param rows the other values, shape (k, size)
   * @param matrix shape (n, size)
   * @param of the matrix rows that are replaced, int64, shape (k)
   */
  public static NDArray moveLookedUp(
      NDArray x, NDArray ids, NDArray slots, NDArray rows, NDArray matrix, NDArray of) {
    return OPS.call("move_looked_up", x.getManager(), x, ids, slots, rows, matrix, of);
  }

  /**
   * Scores {@code x · matrixᵀ} as if some rows of the matrix had other values; see {@link
   * #moveLookedUp}. Overwrites {@code scores}.
   *
   * @param scores shape (…, n)
   * @param x shape (…, size)
   */
  public static NDArray moveScores(
      NDArray scores, NDArray x, NDArray rows, NDArray matrix, NDArray of) {
    return OPS.call("move_scores", scores.getManager(), scores, x, rows, matrix, of);
  }
}
