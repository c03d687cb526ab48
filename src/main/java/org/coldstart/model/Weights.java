package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.TorchOps;

/**
 * A model's or adapter's parameters by their names in its file: read from a {@link TensorSource}, and one themselves,
 * so that they are written like any checkpoint.
 *
 * <p>
 * Matrices are held in the type asked for, vectors (norms and biases) in f32: they are small, and what is not a matrix
 * product runs in f32.
 */
public final class Weights implements TensorSource {

  private static final Logger LOG = System.getLogger(Weights.class.getName());

  /** Values moved at a time: 4 MB of f32, which are still in the cache when they are looked at. */
  private static final int CHUNK = 1 << 20;

  private final NDManager manager;
  private final StoredType dtype;
  private final Map<String, NDArray> arrays = new LinkedHashMap<>();
  private final List<String> notFinite = new ArrayList<>();

  /** No parameters yet; {@code manager} owns them, {@code dtype} is the matrices' in memory: F32 or BF16. */
  public Weights(NDManager manager, StoredType dtype) {
    this.manager = manager;
    this.dtype = dtype;
  }

  StoredType dtype() {
    return dtype;
  }

  /**
   * Reads a parameter.
   *
   * @throws CheckpointException if it does not have exactly the given shape
   */
  public NDArray load(TensorSource source, String name, long... shape) {
    return load(source, name, newArray(shape));
  }

  /** Room for a parameter, or for several that stand one below the other. */
  NDArray newArray(long... shape) {
    return TorchOps.empty(manager, shape.length > 1 ? dtype : StoredType.F32, shape);
  }

  /** Reads a parameter of the array's shape into it, which may be rows of a larger one. */
  NDArray load(TensorSource source, String name, NDArray array) {
    TensorInfo plain = plain(requireShape(source, name, array.getShape().getShape()));
    if (source instanceof MergedWeights model) {
      model.copy(name, array);
    } else if (!copy(source, plain, array)) {
      notFinite.add(name);
    }
    arrays.put(name, array);
    return array;
  }

  /** The tensor as one of the types that torch reads as they are. */
  private static TensorInfo plain(TensorInfo info) {
    boolean plain = info.dtype().readable() && info.dtype().blockElements() == 1;
    return info.in(plain ? info.dtype() : StoredType.F32);
  }

  /** Fills an array; returns whether all values are finite. */
  private static boolean copy(TensorSource source, TensorInfo tensor, NDArray array) {
    StoredType type = tensor.dtype();
    long size = tensor.elements();
    boolean finite = true;
    for (long at = 0; at < size; at += CHUNK) {
      long from = at;
      finite &= Float.isFinite(TorchOps.write(array, type, from, Math.min(CHUNK, size - from),
          into -> source.read(tensor.name(), from, type, into)));
    }
    return finite;
  }

  private static TensorInfo requireShape(TensorSource source, String name, long... shape) {
    List<Long> wanted = Arrays.stream(shape).boxed().toList();
    TensorInfo info = source.tensor(name);
    if (!info.shape().equals(wanted)) {
      throw new CheckpointException("Tensor %s of %s has shape %s, but the configuration asks for %s.".formatted(name,
          source.origin(), info.shape(), wanted));
    }
    return info;
  }

  /** Reads all parameters again, into the tensors that are there; checks all before the first. */
  void reload(TensorSource source) {
    arrays.forEach((name, array) -> requireShape(source, name, array.getShape().getShape()));
    arrays.forEach((name, array) -> fill(source, name, array));
  }

  /** Fills an array with a tensor of as many values. */
  public static void fill(TensorSource source, String name, NDArray array) {
    copy(source, plain(source.tensor(name)), array);
  }

  /** Lists an f32 array that another manager may own. */
  public void put(String name, NDArray array) {
    arrays.put(name, array);
  }

  /** A manager for what belongs to these parameters; closed with them at the latest. */
  NDManager newManager() {
    return manager.newSubManager();
  }

  /** Warns after loading of parameters that are NaN or infinite. */
  void warnIfNotFinite(String origin) {
    if (!notFinite.isEmpty()) {
      LOG.log(Level.WARNING,
          "{0} has values that are not numbers (NaN) or infinite in: {1}. Replies and losses will be NaN, too; the file"
              + " may be damaged, or its training may have diverged.",
          origin, String.join(", ", notFinite));
    }
  }

  /** The parameter of that name, or null. */
  NDArray get(String name) {
    return arrays.get(name);
  }

  /** Releases a parameter that is held in another form from now on. */
  void remove(NDArray array) {
    arrays.values().removeIf(each -> each == array);
    array.close();
  }

  /** Puts another array in a parameter's place and releases the old one. */
  void replace(String name, NDArray array) {
    array.attach(manager);
    arrays.put(name, array).close();
  }

  /** All parameters in the order of the forward pass. */
  public Map<String, NDArray> all() {
    return Collections.unmodifiableMap(arrays);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    Map<String, TensorInfo> infos = new LinkedHashMap<>();
    arrays.forEach((name, array) -> {
      List<Long> shape = Arrays.stream(array.getShape().getShape()).boxed().toList();
      infos.put(name, new TensorInfo(name, shape.size() > 1 ? dtype : StoredType.F32, shape));
    });
    return infos;
  }

  @Override
  public String origin() {
    return "the model in memory";
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    readThroughBytes(this, name, offset, into);
  }

  /** Reads f32 values by way of a source's bytes. */
  static void readThroughBytes(TensorSource source, String name, long offset, FloatBuffer into) {
    ByteBuffer bytes = ByteBuffer.allocate(into.remaining() * Float.BYTES).order(ByteOrder.nativeOrder());
    source.read(name, offset, StoredType.F32, bytes);
    into.put(bytes.flip().asFloatBuffer());
  }

  @Override
  public void read(String name, long offset, StoredType as, ByteBuffer into) {
    read(arrays.get(name), offset, as, into);
  }

  /** Copies values of an array, from the given one on, until {@code into} is full. */
  static void read(NDArray array, long offset, StoredType as, ByteBuffer into) {
    try (NDArray part = TorchOps.readBytes(array, as, offset, into.remaining() / as.blockBytes())) {
      into.put(part.toByteBuffer());
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
