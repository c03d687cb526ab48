package org.coldstart.io.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;

/**
 * Writes tensors into a safetensors file that transformers reads, in pieces, so that any size fits
 * into memory.
 */
public final class SafetensorsWriter {
  /** Elements in one piece: 4 MB of f32. */
  private static final int CHUNK = 1 << 20;

  private final TensorSource source;
  private final Collection<TensorInfo> tensors;
  private final WritableByteChannel out;
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private SafetensorsWriter(
      TensorSource source, Collection<TensorInfo> tensors, WritableByteChannel out) {
    this.source = source;
    this.tensors = tensors;
    this.out = out;
  }

  /**
   * Writes all tensors of {@code source} to {@code target}. 16-bit types are rounded to nearest,
   * ties to even; values beyond the range of F16 become infinite. The file appears in full or not
   * at all, see {@link AtomicFiles}.
   *
   * @param dtype F32, BF16 or F16
   * @throws CheckpointException if a tensor cannot be read or the file cannot be written; an old
   *     one is then intact
   */
  public static void write(Path target, TensorSource source, DType dtype) {
    write(target, source, in(dtype, source));
  }

  /** The same with each tensor in the type it has there: F32, BF16, F16 or U8. */
  public static void write(Path target, TensorSource source) {
    write(target, source, source.tensors().values());
  }

  /** The same with some of the tensors, each in the type that {@code tensors} gives it. */
  static void write(Path target, TensorSource source, Collection<TensorInfo> tensors) {
    AtomicFiles.write(
        target,
        temporary -> {
          try (FileChannel out =
              FileChannel.open(
                  temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            write(out, source, tensors);
          }
        });
  }

  static void write(WritableByteChannel out, TensorSource source, DType dtype) throws IOException {
    write(out, source, in(dtype, source));
  }

  private static void write(
      WritableByteChannel out, TensorSource source, Collection<TensorInfo> tensors)
      throws IOException {
    for (TensorInfo tensor : tensors) {
      boolean isBytes = tensor.dtype() == DType.U8 && tensor.equals(source.tensor(tensor.name()));
      if (!isBytes && !SaveOptions.WRITABLE.contains(tensor.dtype())) {
        throw new CheckpointException(
            "Tensors are written in F32, BF16 or F16, not in " + tensor.dtype() + ".");
      }
    }
    new SafetensorsWriter(source, tensors, out).write();
  }

  private static List<TensorInfo> in(DType dtype, TensorSource source) {
    return source.tensors().values().stream().map(tensor -> tensor.in(dtype)).toList();
  }

  private void write() throws IOException {
    ByteBuffer header = header();
    while (header.hasRemaining()) {
      out.write(header);
    }
    for (TensorInfo tensor : tensors) {
      writeData(tensor);
    }
  }

  private ByteBuffer header() {
    JsonObject json = new JsonObject();
    JsonObject metadata = new JsonObject();
    metadata.addProperty("format", "pt");
    json.add("__metadata__", metadata);
    long at = 0;
    for (TensorInfo tensor : tensors) {
      long end = Math.addExact(at, tensor.bytes());
      json.add(tensor.name(), entry(tensor, at, end));
      at = end;
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    // Padded with spaces, as the reference does, so that the data begin at a multiple of 8.
    int length = (text.length + 7) / 8 * 8;
    ByteBuffer header =
        ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  private static JsonObject entry(TensorInfo tensor, long begin, long end) {
    JsonArray shape = new JsonArray();
    tensor.shape().forEach(shape::add);
    JsonArray offsets = new JsonArray();
    offsets.add(begin);
    offsets.add(end);
    JsonObject entry = new JsonObject();
    entry.addProperty("dtype", tensor.dtype().name());
    entry.add("shape", shape);
    entry.add("data_offsets", offsets);
    return entry;
  }

  private void writeData(TensorInfo tensor) throws IOException {
    long elements = tensor.elements();
    for (long at = 0; at < elements; at += CHUNK) {
      int count = (int) Math.min(CHUNK, elements - at);
      bytes.clear().limit(Math.toIntExact(tensor.dtype().bytes(count)));
      source.read(tensor.name(), at, tensor.dtype(), bytes);
      bytes.flip();
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
  }
}
