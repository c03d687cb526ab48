package org.coldstart.io.safetensors;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;

/**
 * Writes tensors into a safetensors file that transformers reads, in pieces, so that any size fits
 * into memory.
 */
public final class SafetensorsWriter {
  /** Elements in one piece: 4 MB of f32. */
  private static final int CHUNK = 1 << 20;

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private record Entry(
      DType dtype, List<Long> shape, @SerializedName("data_offsets") List<Long> dataOffsets) {}

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
   * Writes all tensors of {@code source} to {@code target}, each in the type it has there, whatever
   * plain one that is: an optimizer's U8 as well. The file appears in full or not at all, see {@link
   * AtomicFiles}.
   *
   * @throws CheckpointException if a tensor cannot be read or the file cannot be written; an old
   *     one is then intact
   */
  public static void write(Path target, TensorSource source) {
    write(target, source, source.tensors().values());
  }

  /**
   * The same with all tensors in one type. 16-bit types are rounded to nearest, ties to even;
   * values beyond the range of F16 become infinite.
   *
   * @param dtype F32, BF16 or F16
   */
  public static void write(Path target, TensorSource source, DType dtype) {
    write(target, source, in(dtype, source));
  }

  /** The same with some of the tensors, each in the type that {@code tensors} gives it. */
  public static void write(Path target, TensorSource source, Collection<TensorInfo> tensors) {
    AtomicFiles.write(
        target,
        file -> {
          try (FileChannel out =
              FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            write(out, source, tensors);
          }
        });
  }

  /** The same into any channel. */
  public static void write(WritableByteChannel out, TensorSource source, DType dtype)
      throws IOException {
    write(out, source, in(dtype, source));
  }

  private static void write(
      WritableByteChannel out, TensorSource source, Collection<TensorInfo> tensors)
      throws IOException {
    for (TensorInfo tensor : tensors) {
      if (tensor.dtype().quantized()) {
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
    Map<String, Object> header = new LinkedHashMap<>();
    header.put("__metadata__", Map.of("format", "pt"));
    long at = 0;
    for (TensorInfo tensor : tensors) {
      long end = Math.addExact(at, tensor.bytes());
      header.put(tensor.name(), new Entry(tensor.dtype(), tensor.shape(), List.of(at, end)));
      at = end;
    }
    byte[] text = GSON.toJson(header).getBytes(StandardCharsets.UTF_8);
    // Padded with spaces, as the reference does, so that the data begin at a multiple of 8.
    byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
    Arrays.fill(padded, text.length, padded.length, (byte) ' ');
    return ByteBuffer.allocate(8 + padded.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(padded.length)
        .put(padded)
        .flip();
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
