package org.coldstart.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The tensor operations that a decoder needs and DJL's {@link NDArray} does not have.
 *
 * <p>Each is a few lines of TorchScript in {@code ops.torchscript}; gradients flow through all of
 * them except those whose name says that they write. A result belongs to the manager of the first
 * argument, so pass the activation first and the weight second, and a step's tensors die with the
 * step.
 */
public final class TorchOps {

  private static final TorchScript OPS = TorchScript.compile(Torch.root(), source());

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

  /** {@code x · sigmoid(x)}. */
  public static NDArray silu(NDArray x) {
    return OPS.call("silu", x.getManager(), x);
  }

  /** (batch, time, heads · size) → (batch, heads, time, size). */
  public static NDArray splitHeads(NDArray x, int heads) {
    return OPS.call("split_heads", x.getManager(), x, heads);
  }

  /** (batch, heads, time, size) → (batch, time, heads · size). */
  public static NDArray mergeHeads(NDArray x) {
    return OPS.call("merge_heads", x.getManager(), x);
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
   * @param x shape (batch, heads, time, size)
   * @param cos shape broadcastable to x; the same angles stand in both halves
   */
  public static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    return OPS.call("rotate", x.getManager(), x, cos, sin);
  }

  /**
   * Softmax attention in which position t sees positions 0…t; all three of shape (batch, heads,
   * time, size).
   */
  public static NDArray causalAttention(NDArray q, NDArray k, NDArray v) {
    return OPS.call("attention_causal", q.getManager(), q, k, v);
  }

  /**
   * Softmax attention.
   *
   * @param mask added to the scores, broadcastable to (batch, heads, queries, keys); null to see
   *     all keys
   */
  public static NDArray attention(NDArray q, NDArray k, NDArray v, NDArray mask) {
    return mask == null
        ? OPS.call("attention", q.getManager(), q, k, v)
        : OPS.call("attention_masked", q.getManager(), q, k, v, mask);
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

  /**
   * The sum of {@code -log softmax(logits)[label]} in f32; divide by the number of labels for the
   * mean.
   *
   * @param logits shape (n, vocabulary)
   * @param labels int64, shape (n); −100 is left out
   * @return a scalar
   */
  public static NDArray crossEntropySum(NDArray logits, NDArray labels) {
    return OPS.call("cross_entropy_sum", logits.getManager(), logits, labels);
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

  private static String source() {
    try (InputStream in = TorchOps.class.getResourceAsStream("ops.torchscript")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
