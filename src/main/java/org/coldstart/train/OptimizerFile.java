package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * An optimizer's state as a safetensors file: bytes as they lie in memory, f32 and uint8, moved in
 * pieces.
 */
final class OptimizerFile {

  /** Values moved at a time. */
  private static final int CHUNK = 1 << 22;

  private OptimizerFile() {}

  static void write(Path file, Map<String, NDArray> state) {
    AtomicFiles.write(
        file,
        temporary -> {
          try (FileChannel out =
              FileChannel.open(
                  temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            write(out, header(state));
            for (NDArray array : state.values()) {
              write(out, array);
            }
          }
        });
  }

  private static ByteBuffer header(Map<String, NDArray> state) {
    JsonObject json = new JsonObject();
    long at = 0;
    for (Map.Entry<String, NDArray> entry : state.entrySet()) {
      NDArray array = entry.getValue();
      JsonObject tensor = new JsonObject();
      tensor.addProperty("dtype", dtype(array));
      tensor.add("shape", numbers(array.getShape().getShape()));
      tensor.add("data_offsets", numbers(at, at + bytes(array)));
      json.add(entry.getKey(), tensor);
      at += bytes(array);
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int length = (text.length + 7) / 8 * 8; // padded with blanks, so that the data are aligned
    ByteBuffer header = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(length).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  private static JsonArray numbers(long... values) {
    JsonArray array = new JsonArray();
    for (long value : values) {
      array.add(value);
    }
    return array;
  }

  private static String dtype(NDArray array) {
    return array.getDataType() == DataType.UINT8 ? "U8" : "F32";
  }

  private static long bytes(NDArray array) {
    return array.size() * array.getDataType().getNumOfBytes();
  }

  private static void write(FileChannel out, NDArray array) throws IOException {
    try (NDManager scope = Torch.newManager()) {
      NDArray flat = flat(array, scope);
      for (long at = 0; at < array.size(); at += CHUNK) {
        int count = (int) Math.min(CHUNK, array.size() - at);
        try (NDArray part = TorchOps.slice(flat, 0, at, count)) {
          write(out, part.toByteBuffer());
        }
      }
    }
  }

  private static NDArray flat(NDArray array, NDManager scope) {
    NDArray flat = array.reshape(array.size());
    flat.attach(scope);
    return flat;
  }

  private static void write(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /**
   * Fills the tensors with what was saved under their names.
   *
   * @throws CheckpointException if the file is missing, cut or not of this optimizer
   */
  static void read(Path file, Map<String, NDArray> state) {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      fill(in, 0, length);
      long begin = 8 + length.getLong(0);
      if (begin < 8 || begin > in.size()) {
        throw new EOFException("it is cut");
      }
      ByteBuffer text = ByteBuffer.allocate(Math.toIntExact(begin - 8));
      fill(in, 8, text);
      JsonObject header =
          Json.parse(new String(text.array(), StandardCharsets.UTF_8)).getAsJsonObject();
      if (!header.equals(Json.parse(headerText(state)))) {
        throw new CheckpointException(
            file + " holds the state of another optimizer or of other parameters.");
      }
      for (NDArray array : state.values()) {
        read(in, begin, array);
        begin += bytes(array);
      }
    } catch (IOException | JsonParseException | ArithmeticException e) {
      throw new CheckpointException(file + " cannot be read: " + e + ".", e);
    }
  }

  private static String headerText(Map<String, NDArray> state) {
    ByteBuffer header = header(state);
    return new String(header.array(), 8, header.limit() - 8, StandardCharsets.UTF_8);
  }

  private static void read(FileChannel in, long begin, NDArray array) throws IOException {
    int width = array.getDataType().getNumOfBytes();
    ByteBuffer staging =
        ByteBuffer.allocateDirect((int) Math.min(CHUNK, array.size()) * width)
            .order(ByteOrder.nativeOrder());
    try (NDManager scope = Torch.newManager()) {
      NDArray flat = flat(array, scope);
      for (long at = 0; at < array.size(); at += CHUNK) {
        int count = (int) Math.min(CHUNK, array.size() - at);
        fill(in, begin + at * width, staging.clear().limit(count * width));
        staging.flip();
        try (NDArray part = scope.create(staging, new Shape(count), array.getDataType())) {
          TorchOps.write(flat, part, 0, at);
        }
      }
    }
  }

  private static void fill(FileChannel in, long position, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      int read = in.read(into, position + into.position());
      if (read < 0) {
        throw new EOFException("it is cut");
      }
    }
  }
}
