package org.coldstart.io.torch;

import static org.coldstart.io.torch.TorchScript.OPS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.coldstart.io.safetensors.StoredType;

/**
 * Operations on tensors that DJL's {@link NDArray} does not have, each a few lines of TorchScript in {@code ops.py}.
 *
 * <p>
 * A result belongs to the manager of the first argument; so it is in {@link DecoderOps} and its like. Pass the
 * activation first and the weight second, and a step's tensors die with the step.
 */
public final class TorchOps {

  /** Rows summed at a time. */
  private static final long PIECE = 8192;

  private TorchOps() {}

  /** A view of {@code length} entries of {@code x} along {@code axis} from {@code start}. */
  public static NDArray slice(NDArray x, int axis, long start, long length) {
    return OPS.call("read_slice", x, axis, start, length);
  }

  /** Views of consecutive parts of {@code x} along {@code axis}, of the given sizes. */
  public static NDArray[] split(NDArray x, int axis, long... sizes) {
    return OPS.callAll("split", x, sizes, axis);
  }

  /** The chosen entries of {@code x} along {@code axis}, in the order of {@code index} (int64, one axis). */
  public static NDArray select(NDArray x, int axis, NDArray index) {
    return OPS.call("index_select", x, axis, index);
  }

  /** Copies {@code source} over {@code target} along {@code axis} from {@code start}. */
  public static void write(NDArray target, NDArray source, int axis, long start) {
    OPS.invoke("write_slice", target, source, axis, start);
  }

  /**
   * Copies values, in row-major order, over all of an f32 array. DJL's {@code NDArray.set} does it too, but has
   * libtorch write a warning to the console.
   */
  public static void fill(NDArray target, float[] values) {
    try (NDArray source = target.getManager().create(values, target.getShape())) {
      OPS.invoke("copy_all", new NDArray[] {target}, new NDArray[] {source});
    }
  }

  /** Copies rows over the rows of {@code target} that {@code index} names. */
  public static void writeRows(NDArray target, NDArray index, NDArray rows) {
    OPS.invoke("write_rows", target, index, rows);
  }

  /** An array of any content; DJL itself makes none in bf16. */
  public static NDArray empty(NDManager manager, StoredType type, long... shape) {
    try (NDArray like = manager.create(0f)) {
      return OPS.call("empty", like, shape, scalarType(type));
    }
  }

  /** PyTorch's number of a type. */
  private static int scalarType(StoredType type) {
    return switch (type) {
    case F32 -> 6;
    case F16 -> 5;
    case BF16 -> 15;
    default -> throw new IllegalArgumentException("Torch holds no numbers of type " + type + ".");
    };
  }

  /** {@code length} elements from {@code start} as the bytes of another type; uint8, one axis. */
  public static NDArray readBytes(NDArray source, StoredType type, long start, long length) {
    return OPS.call("read_bytes", source, scalarType(type), start, length);
  }

  /**
   * Writes {@code length} numbers over the elements of {@code target} from {@code start}, counted in row-major order.
   *
   * @param type of the numbers as {@code reader} puts them into a buffer, in the machine's byte order; where
   * {@code target} is of that type, the buffer is its own memory
   * @return their sum; not finite if one of them is not
   */
  public static float write(NDArray target, StoredType type, long start, long length, Consumer<ByteBuffer> reader) {
    try (NDArray values = OPS.call("staging", target, scalarType(type), start, length)) {
      reader.accept(values.toByteBuffer(true));
      try (NDArray sum = OPS.call("write_values", target, values, start)) {
        return sum.getFloat();
      }
    }
  }

  /** The same values in f32. */
  public static NDArray toFloat32(NDArray x) {
    return OPS.call("to_f32", x);
  }

  /** The same values rounded to bf16. */
  public static NDArray toBf16(NDArray x) {
    return OPS.call("to_bf16", x);
  }

  /** Adds to {@code total} in place, whatever the two types are. */
  public static void addInPlace(NDArray total, NDArray x) {
    OPS.invoke("add_in_place", total, x);
  }

  /**
   * The mean of a matrix's rows in f32, shape (1, columns). Taken piece by piece: of a bf16 matrix torch would
   * otherwise make an f32 copy first.
   */
  public static NDArray meanRow(NDArray matrix) {
    long rows = matrix.getShape().get(0);
    try (NDManager scope = matrix.getManager().newSubManager()) {
      NDArray sum = scope.zeros(new Shape(1, matrix.getShape().get(1)));
      for (long at = 0; at < rows; at += PIECE) {
        NDArray piece = slice(matrix, 0, at, Math.min(PIECE, rows - at));
        piece.attach(scope);
        sum.addi(OPS.call("sum_rows", piece));
      }
      NDArray mean = sum.div(rows);
      mean.attach(matrix.getManager());
      return mean;
    }
  }

  /** Softmax over the last axis, in f32. */
  public static NDArray softmax(NDArray logits) {
    return OPS.call("softmax", logits);
  }

  /**
   * Repetition penalty (Keskar et al., 2019): the logits of tokens that occurred before are divided by the penalty if
   * positive, multiplied if negative.
   *
   * @param logits shape (batch, vocabulary)
   * @param ids of these tokens, int64, shape (batch, n); repeats are harmless
   */
  public static NDArray penalizeRepetition(NDArray logits, NDArray ids, double penalty) {
    return OPS.call("penalise", logits, ids, penalty);
  }

  /** Leaves the k largest logits of a row, the others become −∞. */
  public static NDArray keepTopK(NDArray logits, int k) {
    return OPS.call("keep_top_k", logits, k);
  }

  /** Leaves the fewest likeliest logits whose probabilities reach p (Holtzman et al., 2019), at least one. */
  public static NDArray keepTopP(NDArray logits, double p) {
    return OPS.call("keep_top_p", logits, p);
  }

  /**
   * Draws one index a row by inverting the cumulative distribution.
   *
   * @param probabilities shape (batch, n)
   * @param uniform in [0, 1), f64, shape (batch, 1)
   * @return int64, shape (batch)
   */
  public static NDArray draw(NDArray probabilities, NDArray uniform) {
    return OPS.call("draw", probabilities, uniform);
  }
}
