package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.checkpoint.CheckpointException;
import org.coldstart.checkpoint.DType;
import org.coldstart.checkpoint.TensorInfo;
import org.coldstart.checkpoint.TensorSource;
import org.coldstart.torch.TorchOps;

/**
 * The model's parameters by their Hugging Face names, in f32, and how they travel between files and
 * torch.
 *
 * <p>As a {@link TensorSource} the live parameters can be written like any checkpoint.
 */
final class Weights implements TensorSource {

  /** Values moved at a time; keeps staging memory small and every buffer below Java's 2 GiB. */
  private static final int CHUNK = 1 << 22;

  private final NDManager manager;
  private final Map<String, NDArray> arrays = new LinkedHashMap<>();

  Weights(NDManager manager) {
    this.manager = manager;
  }

  /** Reads a parameter, which must have exactly the given shape. */
  NDArray load(TensorSource source, String name, long... shape) {
    requireShape(source, name, new Shape(shape));
    NDArray array = manager.create(new Shape(shape), DataType.FLOAT32);
    copy(source, name, array);
    arrays.put(name, array);
    return array;
  }

  private static void requireShape(TensorSource source, String name, Shape shape) {
    List<Long> wanted = Arrays.stream(shape.getShape()).boxed().toList();
    List<Long> found = source.tensor(name).shape();
    if (!found.equals(wanted)) {
      throw new CheckpointException(
          "Tensor "
              + name
              + " of "
              + source.origin()
              + " has shape "
              + found
              + ", but the configuration asks for "
              + wanted
              + ".");
    }
  }

  /** Reads all parameters again, into the tensors that are there; checks all before the first. */
  void reload(TensorSource source) {
    arrays.forEach((name, array) -> requireShape(source, name, array.getShape()));
    arrays.forEach((name, array) -> copy(source, name, array));
  }

  private static void copy(TensorSource source, String name, NDArray array) {
    long size = array.size();
    ByteBuffer staging = direct((int) Math.min(size, CHUNK));
    try (NDManager scope = array.getManager().newSubManager()) {
      NDArray flat = array.reshape(size);
      flat.attach(scope);
      for (long at = 0; at < size; at += CHUNK) {
        int count = (int) Math.min(CHUNK, size - at);
        staging.clear().limit(count * Float.BYTES);
        source.read(name, at, staging.asFloatBuffer());
        try (NDArray part = scope.create(staging, new Shape(count), DataType.FLOAT32)) {
          TorchOps.write(flat, part, 0, at);
        }
      }
    }
  }

  private static ByteBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES).order(ByteOrder.nativeOrder());
  }

  /** The parameter of that name. */
  NDArray get(String name) {
    return arrays.get(name);
  }

  /** Puts another array in a parameter's place and releases the old one. */
  void replace(String name, NDArray array) {
    array.attach(manager);
    arrays.put(name, array).close();
  }

  /** All parameters in the order of the forward pass. */
  Map<String, NDArray> all() {
    return Collections.unmodifiableMap(arrays);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    Map<String, TensorInfo> infos = new LinkedHashMap<>();
    arrays.forEach(
        (name, array) ->
            infos.put(
                name,
                new TensorInfo(
                    name, DType.F32, Arrays.stream(array.getShape().getShape()).boxed().toList())));
    return infos;
  }

  @Override
  public String origin() {
    return "the model in memory";
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    NDArray array = arrays.get(name);
    try (NDManager scope = manager.newSubManager()) {
      NDArray flat = array.reshape(array.size());
      flat.attach(scope);
      NDArray part = TorchOps.slice(flat, 0, offset, into.remaining());
      into.put(part.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
