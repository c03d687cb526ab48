package org.coldstart.io.torch;

import static org.coldstart.io.torch.TorchScript.OPS;
import static org.coldstart.io.torch.TorchScript.optional;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The operations of a decoder's forward pass, of {@code decoder.py}, where their formulas stand; their gradients are
 * {@link TrainingOps}.
 */
public final class DecoderOps {

  /** See {@link #parts}; 0 until it is found. */
  private static int parts;

  private DecoderOps() {}

  /**
   * The rows of a matrix that ids name, in f32.
   *
   * @param ids int64, shape (n)
   * @param weight shape (rows, size)
   */
  public static NDArray embedding(NDArray ids, NDArray weight) {
    return OPS.call("embedding", ids, weight);
  }

  /**
   * Adds noise drawn evenly from (−scale, scale), by the generator that {@link Torch#seed} sets (NEFTune, Jain et al.,
   * 2023).
   *
   * @param scale broadcastable to the embeddings
   */
  public static NDArray uniformNoise(NDArray embeddings, NDArray scale) {
    return OPS.call("neftune", embeddings, scale);
  }

  /**
   * {@code x · Wᵀ (+ b)}.
   *
   * @param x shape (…, in)
   * @param weight W, shape (out, in)
   * @param bias b, shape (out), or null
   * @param bf16 whether the product is taken in bf16 and y left in it; else it is taken in W's type, and y has that of
   * x
   */
  public static NDArray linear(NDArray x, NDArray weight, NDArray bias, boolean bf16) {
    return OPS.call("linear", x, weight, optional(bias), bf16);
  }

  /**
   * {@link #linear} for a few vectors, where reading W is what takes the time, in f32.
   *
   * @param scales of a W in the form that {@link #pack} gives; without elements for one in f32 or bf16
   * @param bias without elements for none
   */
  public static NDArray linearOfFew(NDArray x, NDArray weight, NDArray scales, NDArray bias) {
    try (NDArray y = OPS.call("linear_few", x, weight, scales, bias, parts(weight))) {
      return TorchOps.toFloat32(y);
    }
  }

  /**
   * W in fewer bits, for products with few vectors: 8 with a scale for each row; or, if that is asked for and loses
   * nothing, as with the weights of a 4-bit GGUF, 4 with a step and a centre for each 32 of a row; or bf16 where its
   * shape fits neither.
   *
   * @param weight W, f32
   * @return W and its scales
   */
  public static NDArray[] pack(NDArray weight, boolean four) {
    return OPS.callAll("pack", weight, four);
  }

  /**
   * In how many parts a weight is multiplied with few vectors: the faster of two ways, 2.5 times so on either's own
   * processors. It is found once, by trying both on the first weight.
   */
  private static synchronized int parts(NDArray weight) {
    int most = 2 * Torch.threads();
    if (weight.getDataType() != DataType.FLOAT32) {
      return 1;
    }
    if (parts == 0) {
      boolean one = Torch.device().isGpu() || Torch.threads() == 1 || nanos(weight, 1) < nanos(weight, most);
      parts = one ? 1 : most;
    }
    return parts;
  }

  /** The least time of several products with one vector. */
  private static long nanos(NDArray weight, int parts) {
    long least = Long.MAX_VALUE;
    try (NDManager scope = Torch.newManager()) {
      NDArray x = scope.ones(new Shape(1, weight.getShape().get(1)));
      for (int i = 0; i < 9; i++) {
        long start = System.nanoTime();
        OPS.call("f32_few", x, weight, parts).close();
        least = Math.min(least, System.nanoTime() - start);
      }
    }
    return least;
  }

  /**
   * {@code y + scale · x·Aᵀ·Bᵀ}, in y's number format (LoRA, Hu et al., 2021).
   *
   * @param y shape (…, out)
   * @param x shape (…, in)
   * @param a shape (r, in)
   * @param b shape (out, r)
   */
  public static NDArray addLowRank(NDArray y, NDArray x, NDArray a, NDArray b, double scale) {
    return OPS.call("add_low_rank", y, x, a, b, scale);
  }

  /** Adds {@code scale · b · a} to a matrix in place. */
  public static void addProductInPlace(NDArray target, NDArray b, NDArray a, double scale) {
    OPS.invoke("add_product", target, b, a, scale);
  }

  /**
   * Sets a share p of the values to zero and divides the others by 1 − p, in f32. The same seed and shape give the same
   * choice; the generator is this call's own.
   */
  public static NDArray dropout(NDArray x, double p, long seed) {
    return OPS.call("dropout", x, p, seed);
  }

  /**
   * {@code x / sqrt(mean(x²) + eps) · weight} over the last axis (Zhang and Sennrich, 2019).
   *
   * @param onePlus whether the factor is 1 + weight (Gemma)
   */
  public static NDArray rmsNorm(NDArray x, NDArray weight, double eps, boolean onePlus) {
    return OPS.call("rms_norm", x, weight, eps, onePlus);
  }

  /** {@code act(gate) · up} (Shazeer, 2020), where act is silu, or the tanh form of gelu. */
  public static NDArray glu(NDArray gate, NDArray up, boolean silu) {
    return OPS.call("glu", gate, up, silu);
  }

  /** {@link #glu(NDArray, NDArray, boolean)} of gate and up in one, shape (n, 2 · size). */
  public static NDArray glu(NDArray both, boolean silu) {
    return OPS.call("joint_glu", both, silu);
  }

  /**
   * Rotary position embedding in the half-split layout of Hugging Face checkpoints (Su et al., 2021).
   *
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param cos shape (n, 1, size), of x's type; the same angles stand in both halves; sin alike, its first half negated
   * @return shape (n, heads, size)
   */
  public static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    return OPS.call("rotate", x, cos, sin);
  }

  /** {@code cap · tanh(x / cap)}, which keeps values within ±cap. */
  public static NDArray softcap(NDArray x, double cap) {
    return OPS.call("softcap", x, cap);
  }

  /**
   * Causal attention of packed sequences.
   *
   * @param q shape (n, heads · size), or by head
   * @param k shape (n, key-value heads · size), or by head; v alike
   * @return shape (n, heads · size)
   */
  public static NDArray packedAttention(NDArray q, NDArray k, NDArray v, PackedAttention p) {
    return OPS.call("packed_attention", q, k, v, p.prefix(), p.seqLens(), p.keyValueHeads(), p.scale(), p.cap(),
        p.window(), p.block());
  }

  /**
   * Takes the next tokens of a cache's rows through all layers, in place: their keys and values go into the cache at
   * {@code end}, and they attend to what it holds up to themselves.
   *
   * @param x shape (batch · time, hidden)
   * @param keys of each layer, shape (rows, key-value heads, room, size), of which the first {@code batch} rows are
   * used; values alike
   */
  public static void decode(NDArray x, DecodedLayers layers, DecodedLayers.Deltas deltas, DecodedLayers.Reach reach,
      NDArray[] keys, NDArray[] values, long batch, long end) {
    OPS.invoke("decode", x, layers.norms(), layers.linears(), deltas.factors(), deltas.scales(), layers.kinds(),
        reach.cos(), reach.sin(), reach.masks(), reach.starts(), keys, values, batch, end, parts(layers.linears()[0]),
        layers.eps(), layers.onePlus(), layers.silu(), layers.scale(), layers.cap());
  }

  /**
   * Writes packed sequences into the rows of a cache, and zeros in front of them.
   *
   * @param target shape (rows, heads, room, size)
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param seqLens the sequences' lengths, n together
   * @param starts the column at which each begins
   */
  public static void storePacked(NDArray target, NDArray x, long[] seqLens, long[] starts) {
    OPS.invoke("store_packed", target, x, seqLens, starts);
  }

  /**
   * Writes the same tokens into all rows of a cache.
   *
   * @param target shape (rows, heads, room, size)
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param ends the column of each row before which they end, n or more
   */
  public static void storePrefix(NDArray target, NDArray x, long[] ends) {
    OPS.invoke("store_prefix", target, x, ends);
  }

  /**
   * Moves some rows of each tensor to its front, in place.
   *
   * @param targets shape (rows, heads, room, size)
   * @param rows ascending indices
   * @param length of the room, how much is in use
   */
  public static void moveToFront(NDArray[] targets, long[] rows, long length) {
    OPS.invoke("keep_rows", targets, rows, length);
  }
}
