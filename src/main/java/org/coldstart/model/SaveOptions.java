package org.coldstart.model;

import org.coldstart.io.safetensors.StoredType;

/**
 * How a checkpoint's weights are stored.
 *
 * <pre>{@code
 * model.savePretrained(folder, SaveOptions.defaults().in(DType.BF16).maxShardSize(5_000_000_000L));
 * }</pre>
 *
 * @param dtype type of all numbers; null for the model's own, {@link CausalLm#dtype}
 * @param maxShardSize bytes above which the weights are split into {@code model-00001-of-0000N.safetensors} and an
 * index; a tensor above it has a file of its own
 */
public record SaveOptions(DType dtype, long maxShardSize) {

  /** That of transformers 5. */
  private static final long DEFAULT_SHARD_SIZE = 50_000_000_000L;

  /** @throws IllegalArgumentException if no byte fits into a file */
  public SaveOptions {
    if (maxShardSize < 1) {
      throw new IllegalArgumentException("maxShardSize must be at least 1 byte, not " + maxShardSize + ".");
    }
  }

  /** The model's own type, in files of up to 50 GB, as transformers 5 does. */
  public static SaveOptions defaults() {
    return new SaveOptions(null, DEFAULT_SHARD_SIZE);
  }

  /** The same with the numbers stored in the given type. */
  public SaveOptions in(DType type) {
    return new SaveOptions(type, maxShardSize);
  }

  /** The same with files of at most so many bytes of tensors. */
  public SaveOptions maxShardSize(long bytes) {
    return new SaveOptions(dtype, bytes);
  }

  /** The type in a file for a model held in the given one. */
  StoredType stored(DType own) {
    return (dtype == null ? own : dtype).stored();
  }
}
