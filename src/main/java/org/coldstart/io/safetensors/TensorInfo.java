package org.coldstart.io.safetensors;

import java.util.List;

/**
 * What a file says about one tensor.
 *
 * @param name Hugging Face name, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param dtype how it is stored
 * @param shape sizes, outermost first, as PyTorch prints them; empty for a single number
 */
public record TensorInfo(String name, StoredType dtype, List<Long> shape) {
  public TensorInfo {
    shape = List.copyOf(shape);
  }

  /** Number of elements: the product of the shape. */
  public long elements() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Bytes it takes in a file. */
  public long bytes() {
    return dtype.bytes(elements());
  }

  /** The same tensor stored in another way. */
  public TensorInfo in(StoredType other) {
    return new TensorInfo(name, other, shape);
  }
}
