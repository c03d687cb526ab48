package org.coldstart.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;

/**
 * Named tensors that can be read as f32, whatever they are stored as. Implementations can be read from several threads.
 */
public interface TensorSource extends AutoCloseable {

  /** All tensors by their Hugging Face name, unmodifiable, in file order. */
  Map<String, TensorInfo> tensors();

  /**
   * Fills {@code into} with {@code into.remaining()} values of a tensor, in row-major order, starting at element
   * {@code offset}.
   *
   * @throws CheckpointException if there is no such tensor, its type cannot be read, or the range lies outside it
   */
  void read(String name, long offset, FloatBuffer into);

  /**
   * Fills {@code into} with little-endian values of the given type, starting at element {@code
   * offset}.
   *
   * @param as F32, or another plain type that this source has the tensor in or rounds to
   * @throws CheckpointException as above
   */
  default void read(String name, long offset, StoredType as, ByteBuffer into) {
    if (as != StoredType.F32) {
      throw new CheckpointException("Tensor \"%s\" of %s is given as F32, not as %s.".formatted(name, origin(), as));
    }
    read(name, offset, into.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
    into.position(into.limit());
  }

  /** Where the tensors come from, for messages: a file, or memory. */
  default String origin() {
    return "memory";
  }

  /**
   * What is known about a tensor.
   *
   * @throws CheckpointException if there is no such tensor
   */
  default TensorInfo tensor(String name) {
    TensorInfo info = tensors().get(name);
    if (info == null) {
      throw new CheckpointException("There is no tensor \"" + name + "\" in " + origin() + ".");
    }
    return info;
  }

  @Override
  void close();
}
