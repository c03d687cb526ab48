package org.coldstart.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
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

  private TorchOps() {}

  /**
   * The rows of a matrix that ids name.
   *
   * @param ids int64, shape (batch, time)
   * @param weight shape (n, size)
   * @return shape (batch, time, size)
   */
  public static NDArray embedding(NDArray ids, NDArray weight) {
    return JniUtils.embedding((PtNDArray) ids, (PtNDArray) weight, false);
  }

  /**
   * {@code x · weightᵀ (+ bias)}.
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
   * What is summed over tokens to train and to watch: cross-entropy, how many labels were the
   * likeliest token, and the entropy of the distributions, in f32. Gradients flow through the first
   * only.
   *
   * @param logits shape (n, vocabulary)
   * @param labels int64, shape (n)
   * @return shape (3)
   */
  public static NDArray tokenSums(NDArray logits, NDArray labels) {
    return OPS.call("token_sums", logits.getManager(), logits, labels);
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
   * @param means what the first moment's codes mean: values and borders to the next (f32, 256), and
   *     the lowest code by a float's upper 16 bits (int32, 65536)
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

  /** Frees a gradient's memory and leaves it empty. */
  static void releaseGradient(NDArray gradient) {
    OPS.invoke("release_gradient", gradient);
  }

  /** Gives an empty gradient its parameter's shape again, filled with zeros. */
  static void restoreGradient(NDArray gradient, NDArray parameter) {
    OPS.invoke("restore_gradient", gradient, parameter);
  }

  private static String source() {
    try (InputStream in = TorchOps.class.getResourceAsStream("ops.torchscript")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
