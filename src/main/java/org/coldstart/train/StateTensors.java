package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.TorchOps;

/** The tensors of an optimizer or an adapter, in a safetensors file as they are in memory: f32 and uint8. */
record StateTensors(Map<String, NDArray> arrays) implements TensorSource {

  /** Values moved at a time. */
  private static final int CHUNK = 1 << 20;

  static void write(Path file, Map<String, NDArray> arrays) {
    SafetensorsWriter.write(file, new StateTensors(arrays));
  }

  /**
   * Fills the arrays with the tensors saved under their names.
   *
   * @throws CheckpointException if the file is missing, damaged or of other tensors
   */
  static void read(Path file, Map<String, NDArray> arrays) {
    Map<String, TensorInfo> expected = new StateTensors(arrays).tensors();
    try (SafetensorsFile in = SafetensorsFile.open(file)) {
      if (!in.tensors().equals(expected)) {
        throw new CheckpointException(file + " holds the state of another optimizer or of other parameters.");
      }
      expected.values().forEach(tensor -> fill(arrays.get(tensor.name()), in, tensor));
    }
  }

  private static void fill(NDArray array, TensorSource source, TensorInfo tensor) {
    int width = tensor.dtype().blockBytes();
    for (long at = 0; at < array.size(); at += CHUNK) {
      int count = (int) Math.min(CHUNK, array.size() - at);
      ByteBuffer bytes = ByteBuffer.allocateDirect(count * width).order(ByteOrder.LITTLE_ENDIAN);
      source.read(tensor.name(), at, tensor.dtype(), bytes);
      try (NDArray flat = array.reshape(array.size());
          NDArray part = array.getManager().create(bytes.flip(), new Shape(count), array.getDataType())) {
        TorchOps.write(flat, part, 0, at);
      }
    }
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    Map<String, TensorInfo> infos = new LinkedHashMap<>();
    arrays.forEach((name, array) -> {
      StoredType dtype = array.getDataType() == DataType.UINT8 ? StoredType.U8 : StoredType.F32;
      infos.put(name, new TensorInfo(name, dtype, Arrays.stream(array.getShape().getShape()).boxed().toList()));
    });
    return infos;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    ByteBuffer bytes = ByteBuffer.allocate(into.remaining() * Float.BYTES);
    read(name, offset, StoredType.F32, bytes.order(ByteOrder.nativeOrder()));
    into.put(bytes.flip().asFloatBuffer());
  }

  @Override
  public void read(String name, long offset, StoredType as, ByteBuffer into) {
    NDArray array = arrays.get(name);
    try (NDArray flat = array.reshape(array.size());
        NDArray part = TorchOps.slice(flat, 0, offset, into.remaining() / as.blockBytes())) {
      into.put(part.toByteBuffer());
    }
  }

  /** The arrays belong to others. */
  @Override
  public void close() {}
}
