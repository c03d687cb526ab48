package org.coldstart.model;

import java.util.List;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * How a checkpoint's weights are stored.
 *
 * <pre>{@code
 * model.savePretrained(folder, SaveOptions.defaults().in(DType.BF16).maxShardSize(5_000_000_000L));
 * }</pre>
 *
 * @param dtype type of the numbers
 * @param maxShardSize bytes above which the weights are split into {@code
 *     model-00001-of-0000N.safetensors} and an index; a tensor above it has a file of its own
 */
public record SaveOptions(Storage dtype, long maxShardSize) {

  /** The type in which each tensor is stored. */
  public enum Storage {
    /** The one it has in memory. */
    AS_IN_MEMORY,
    /** The one it had in the file it came from; F32 where that was a quantised one. */
    KEEP, F32, BF16, F16
  }

  /** That of transformers 5. */
  private static final long DEFAULT_SHARD_SIZE = 50_000_000_000L;

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if no byte fits into a file
   */
  public SaveOptions {
    if (maxShardSize < 1) {
      throw new IllegalArgumentException("maxShardSize must be at least 1 byte, not " + maxShardSize + ".");
    }
  }

  /** Numbers as they are in memory, in files of up to 50 GB, as transformers 5 does. */
  public static SaveOptions defaults() {
    return new SaveOptions(Storage.AS_IN_MEMORY, DEFAULT_SHARD_SIZE);
  }

  /** The same with the numbers stored in the given type. */
  public SaveOptions in(DType type) {
    return new SaveOptions(Storage.valueOf(type.name()), maxShardSize);
  }

  /** The same with each tensor stored as it was in the file it came from. */
  public SaveOptions keep() {
    return new SaveOptions(Storage.KEEP, maxShardSize);
  }

  /** The same with files of at most so many bytes of tensors. */
  public SaveOptions maxShardSize(long bytes) {
    return new SaveOptions(dtype, bytes);
  }

  /** What is written of a source: all its tensors, each in the type it is stored in. */
  List<TensorInfo> tensors(TensorSource source) {
    return source.tensors().values().stream().map(tensor -> tensor.in(of(source, tensor))).toList();
  }

  private StoredType of(TensorSource source, TensorInfo tensor) {
    StoredType type = switch (dtype) {
    case AS_IN_MEMORY -> tensor.dtype();
    case KEEP -> source.storedAs(tensor.name());
    default -> StoredType.valueOf(dtype.name());
    };
    return type.isFloat() ? type : StoredType.F32;
  }
}
