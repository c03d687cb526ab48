package org.coldstart.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * The tensor operations that a decoder needs and DJL's {@link NDArray} does not have.
 *
 * <p>Each is a few lines of TorchScript in {@code ops.torchscript}; gradients flow through all of
 * them except those whose name says that they write. A result belongs to the manager of the first
 * argument, so pass the activation first and the weight second, and a step's tensors die with the
 * step.
 */
public final class TorchOps {

  private static final TorchScript OPS = TorchScript.ofResource(Torch.root(), "ops.torchscript");

  /** Rows summed at a time. */
  private static final long PIECE = 8192;

  private TorchOps() {}

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

  /** {@code cap · tanh(x / cap)}, which keeps values within ±cap. */
  public static NDArray softcap(NDArray x, double cap) {
    return OPS.call("softcap", x.getManager(), x, cap);
  }

  /**
   * Repeats each key or value head, so that grouped queries find one each: axis 1 grows by {@code
   * times}.
   */
  public static NDArray repeatHeads(NDArray x, int times) {
    return times == 1 ? x : OPS.call("repeat_heads", x.getManager(), x, times);
  }

  /**
   * Deals the vectors of axes 1 and 2 out to another number of heads, in order: (batch, a, b, size)
   * → (batch, heads, a · b / heads, size).
   */
  public static NDArray regroup(NDArray x, int heads) {
    return OPS.call("regroup", x.getManager(), x, heads);
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
   * @param mask added to the scores, broadcastable to (batch, heads, queries, keys), or null
   * @param causal without a mask: whether query t sees the keys 0…t only, or all
   * @param scale what the products of queries and keys are multiplied by
   */
  public static NDArray attention(
      NDArray q, NDArray k, NDArray v, NDArray mask, boolean causal, double scale) {
    return mask == null
        ? OPS.call(causal ? "attention_causal" : "attention", q.getManager(), q, k, v, scale)
        : OPS.call("attention_masked", q.getManager(), q, k, v, mask, scale);
  }

  /**
   * The same with {@link #softcap} over the scaled scores, before the mask.
   *
   * @param mask null to see all keys
   */
  public static NDArray softcappedAttention(
      NDArray q, NDArray k, NDArray v, NDArray mask, double scale, double cap) {
    return mask == null
        ? OPS.call("attention_softcapped", q.getManager(), q, k, v, scale, cap)
        : OPS.call("attention_softcapped_masked", q.getManager(), q, k, v, mask, scale, cap);
  }

  /**
   * Copies {@code source} over {@code target} along {@code axis} from {@code start}; writes,
   * records nothing.
   */
  public static void write(NDArray target, NDArray source, int axis, long start) {
    Autograd.withoutGradient(
        () -> {
          OPS.invoke("write_slice", target, source, axis, start);
          return null;
        });
  }

  /** A view of {@code length} entries of {@code x} along {@code axis} from {@code start}. */
  public static NDArray slice(NDArray x, int axis, long start, long length) {
    return OPS.call("read_slice", x.getManager(), x, axis, start, length);
  }

  /**
   * The chosen entries of {@code x} along {@code axis}, in the order of {@code index} (int64, one
   * axis).
   */
  public static NDArray select(NDArray x, int axis, NDArray index) {
    return OPS.call("index_select", x.getManager(), x, axis, index);
  }

  /** Softmax over the last axis, in f32. */
  public static NDArray softmax(NDArray logits) {
    return OPS.call("softmax", logits.getManager(), logits);
  }

  /** The same values in f32. */
  public static NDArray toFloat32(NDArray x) {
    return OPS.call("to_f32", x.getManager(), x);
  }

  /** An array of any content; DJL itself makes none in bf16. */
  public static NDArray empty(NDManager manager, FloatType type, long... shape) {
    try (NDArray like = manager.create(0f)) {
      return OPS.call("empty", manager, like, shape, type.scalarType);
    }
  }

  /**
   * Writes numbers given as bytes over the elements of {@code target} from {@code start}, counted
   * in row-major order.
   *
   * @param bytes uint8, one axis: numbers of the given type in the machine's byte order
   * @return their sum; not finite if one of them is not
   */
  public static float writeBytes(NDArray target, NDArray bytes, FloatType type, long start) {
    return Autograd.withoutGradient(
        () -> {
          try (NDArray sum =
              OPS.call("write_bytes", bytes.getManager(), target, bytes, type.scalarType, start)) {
            return sum.getFloat();
          }
        });
  }

  /** {@code length} elements from {@code start} as the bytes of another type; uint8, one axis. */
  public static NDArray readBytes(NDArray source, FloatType type, long start, long length) {
    return Autograd.withoutGradient(
        () -> OPS.call("read_bytes", source.getManager(), source, type.scalarType, start, length));
  }

  /**
   * The mean of a matrix's rows in f32, shape (1, columns), without gradients. Taken piece by
   * piece: of a bf16 matrix torch would otherwise make an f32 copy first.
   */
  public static NDArray meanRow(NDArray matrix) {
    long rows = matrix.getShape().get(0);
    return Autograd.withoutGradient(
        () -> {
          try (NDManager scope = matrix.getManager().newSubManager()) {
            NDArray sum = scope.zeros(new Shape(1, matrix.getShape().get(1)));
            for (long at = 0; at < rows; at += PIECE) {
              NDArray piece = slice(matrix, 0, at, Math.min(PIECE, rows - at));
              piece.attach(scope);
              sum.addi(OPS.call("sum_rows", scope, piece));
            }
            NDArray mean = sum.div(rows);
            mean.attach(matrix.getManager());
            return mean;
          }
        });
  }

  /** The Euclidean norm of all tensors taken as one vector. */
  public static NDArray globalNorm(NDArray[] tensors) {
    return OPS.call("global_norm", tensors[0].getManager(), (Object) tensors);
  }

  /** Multiplies every tensor in place. */
  public static void scaleInPlace(NDArray[] tensors, double factor) {
    OPS.invoke("scale_all", tensors, factor);
  }

  /** Takes one fused AdamW step in place; all lists run parallel to {@code parameters}. */
  public static void adamW(
      NDArray[] parameters,
      NDArray[] gradients,
      NDArray[] means,
      NDArray[] squares,
      NDArray[] steps,
      double learningRate,
      double beta1,
      double beta2,
      double weightDecay,
      double eps) {
    OPS.invoke(
        "adamw",
        parameters,
        gradients,
        means,
        squares,
        steps,
        learningRate,
        beta1,
        beta2,
        weightDecay,
        eps);
  }

  /**
   * Repetition penalty (Keskar et al., 2019): the logits of tokens seen before are divided by the
   * penalty if positive, multiplied if negative.
   *
   * @param logits shape (batch, vocabulary)
   * @param seen ids, int64, shape (batch, n); repeats are harmless
   */
  public static NDArray penalizeRepetition(NDArray logits, NDArray seen, double penalty) {
    return OPS.call("penalise", logits.getManager(), logits, seen, penalty);
  }

  /** Leaves the k largest logits of a row, the others become −∞. */
  public static NDArray keepTopK(NDArray logits, int k) {
    return OPS.call("keep_top_k", logits.getManager(), logits, k);
  }

  /**
   * Leaves the fewest likeliest logits whose probabilities reach p (Holtzman et al., 2019), at
   * least one.
   */
  public static NDArray keepTopP(NDArray logits, double p) {
    return OPS.call("keep_top_p", logits.getManager(), logits, p);
  }

  /**
   * Draws one index a row by inverting the cumulative distribution.
   *
   * @param probabilities shape (batch, n)
   * @param uniform in [0, 1), f64, shape (batch, 1)
   * @return int64, shape (batch)
   */
  public static NDArray draw(NDArray probabilities, NDArray uniform) {
    return OPS.call("draw", probabilities.getManager(), probabilities, uniform);
  }

  /**
   * The lower triangular root L of a covariance matrix, {@code L · Lᵀ = x}, worked out in f64.
   *
   * @param x symmetric, shape (n, n); a millionth of its mean diagonal is added against rounding
   */
  public static NDArray cholesky(NDArray x) {
    return OPS.call("cholesky", x.getManager(), x);
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
    Autograd.withoutGradient(
        () -> {
          OPS.invoke("add_product", target, b, a, scale);
          return null;
        });
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

  /** Copies rows over the rows of {@code target} that {@code index} names; records nothing. */
  public static void writeRows(NDArray target, NDArray index, NDArray rows) {
    Autograd.withoutGradient(
        () -> {
          OPS.invoke("write_rows", target, index, rows);
          return null;
        });
  }

  /** {@code silu(gate) · up}, where {@code silu(x) = x · sigmoid(x)}. */
  public static NDArray siluProduct(NDArray gate, NDArray up) {
    return OPS.call("silu_product", gate.getManager(), gate, up);
  }

  /** {@code gelu(gate) · up}, with the tanh form of the Gaussian error linear unit. */
  public static NDArray geluTanhProduct(NDArray gate, NDArray up) {
    return OPS.call("gelu_tanh_product", gate.getManager(), gate, up);
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

  /** The same values rounded to bf16. */
  public static NDArray toBf16(NDArray x) {
    return OPS.call("to_bf16", x.getManager(), x);
  }

  /** Adds to {@code total} in place, whatever the two types are. */
  public static void addInPlace(NDArray total, NDArray x) {
    OPS.invoke("add_in_place", total, x);
  }

  /** Sets tensors to zero in place. */
  public static void zero(NDArray[] tensors) {
    OPS.invoke("zero_all", (Object) tensors);
  }

  /** {@code −x}. */
  public static NDArray negative(NDArray x) {
    return OPS.call("negative", x.getManager(), x);
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
   * Takes one step of AdamW with block-wise quantised state, in place, over {@code blocks} blocks
   * of {@code width} values from value {@code start} on, which lies at a multiple of 256.
   *
   * @param tensors parameter and gradient (f32, contiguous), codes of both moments (uint8, flat),
   *     the largest value of each block of both (f32)
   * @param means what the first moment's codes mean: their values (256), and by a float's upper 16
   *     bits the border it may have to the next code and the code below that (65536), all f32
   * @param squares the same for the second
   * @param rate negative step size, bias corrections included
   * @param decay share taken off the parameters before
   * @param eps added to the root, bias correction included
   */
  public static void adamW8Bit(
      NDArray[] tensors,
      NDArray[] means,
      NDArray[] squares,
      long start,
      long blocks,
      long width,
      double rate,
      double beta1,
      double beta2,
      double decay,
      double eps) {
    OPS.invoke(
        "adamw8", tensors, means, squares, start, blocks, width, rate, beta1, beta2, decay, eps);
  }

  /**
   * {@link #linear} in f32 of a few vectors, where reading the weight is what takes the time.
   *
   * @param x shape (n, in)
   * @param weight shape (out, in)
   * @param bias shape (out), or null
   * @return shape (n, out), in x's type
   */
  public static NDArray linearOfFew(NDArray x, NDArray weight, NDArray bias) {
    return OPS.call("linear_few", x.getManager(), x, weight, optional(bias));
  }

  /**
   * Rotates the next token's query and key of each row, puts key and value into the cache, and
   * attends to what the cache holds from {@code start} to that token.
   *
   * @param q shape (batch, heads · size), or that by head
   * @param k shape (batch, key-value heads · size), or that by head; {@code v} alike
   * @param cos shape (batch, 1, size), {@code sin} alike
   * @param keys shape (rows, key-value heads, room, size), {@code values} alike; of its rows the
   *     first {@code batch} are written
   * @param start the first position seen
   * @param end the new token's position in the cache
   * @param mask added to the scores, shape (batch, 1, 1, end + 1 − start), or null
   * @param cap of the scaled scores, see {@link #softcap}; 0 for none
   * @return shape (batch, heads · size)
   */
  public static NDArray attendNext(
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray cos,
      NDArray sin,
      NDArray keys,
      NDArray values,
      long start,
      long end,
      NDArray mask,
      double scale,
      double cap) {
    return OPS.call(
        "attend_next",
        q.getManager(),
        q,
        k,
        v,
        cos,
        sin,
        keys,
        values,
        start,
        end,
        optional(mask),
        scale,
        cap);
  }

  /**
   * Writes rows of unequal length, standing end to end, into a cache, and zeros in front of them.
   *
   * @param target shape (batch, heads, room, size)
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param rows their lengths, together n
   * @param starts where in the room each begins
   */
  public static void storeRows(NDArray target, NDArray x, long[] rows, long[] starts) {
    OPS.invoke("store_rows", target, x, rows, starts);
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

  /**
   * Takes the next token of each row through a whole layer of a decoder in one call; x becomes what
   * the layer made of it. Where a norm or a bias is missing stands an array without elements.
   *
   * @param x shape (batch, hidden); overwritten
   * @param norms weights of the norms before attention, of queries, of keys, after attention,
   *     before and after the feed-forward half
   * @param eps of all norms
   * @param onePlus see {@link #rmsNormOnePlus}
   * @param weights of query, key, value, output, gate, up, down
   * @param biases likewise
   * @param silu whether the gate opens by silu, or by the tanh form of gelu
   * @see #attendNext for what is not named here
   */
  public static void decodeLayer(
      NDArray x,
      NDArray[] norms,
      double eps,
      boolean onePlus,
      NDArray[] weights,
      NDArray[] biases,
      boolean silu,
      NDArray cos,
      NDArray sin,
      NDArray keys,
      NDArray values,
      long start,
      long end,
      NDArray mask,
      double scale,
      double cap) {
    OPS.invoke(
        "decode_layer",
        x,
        norms,
        eps,
        onePlus,
        weights,
        biases,
        silu,
        cos,
        sin,
        keys,
        values,
        start,
        end,
        optional(mask),
        scale,
        cap);
  }

  private static NDArray[] optional(NDArray array) {
    return array == null ? new NDArray[0] : new NDArray[] {array};
  }
}
