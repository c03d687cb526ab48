package org.coldstart.io.safetensors;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
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
 * Writes tensors into a safetensors file that transformers reads, in pieces, so that any size fits into memory.
 */
public final class SafetensorsWriter {
  /** Bytes in one piece. */
  private static final int CHUNK = 1 << 22;

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private record Entry(StoredType dtype, List<Long> shape, @SerializedName("data_offsets") List<Long> dataOffsets) {}

  private SafetensorsWriter() {}

  /**
   * Writes all tensors of {@code source} to {@code target}, each in the type it has there, whatever plain one that is:
   * an optimizer's U8 as well. The file appears in full or not at all, see {@link AtomicFiles}.
   *
   * @throws CheckpointException if a tensor cannot be read or the file cannot be written; an old one is then intact
   */
  public static void write(Path target, TensorSource source) {
    write(target, source, source.tensors().values());
  }

  /**
   * The same with all tensors in one type.
   *
   * @param dtype F32, or another that {@code source} rounds to
   */
  public static void write(Path target, TensorSource source, StoredType dtype) {
    write(target, source, source.tensors().values().stream().map(tensor -> tensor.in(dtype)).toList());
  }

  /** The same with some of the tensors, each in the type that {@code tensors} gives it. */
  public static void write(Path target, TensorSource source, Collection<TensorInfo> tensors) {
    for (TensorInfo tensor : tensors) {
      CheckpointException.require(!tensor.dtype().quantized(), "Tensors are written in F32, BF16 or F16, not in %s.",
          tensor.dtype());
    }
    AtomicFiles.write(target, file -> {
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeAll(out, header(tensors));
        ByteBuffer piece = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        for (TensorInfo tensor : tensors) {
          StoredType type = tensor.dtype();
          long most = CHUNK / type.blockBytes() * type.blockElements();
          for (long at = 0; at < tensor.elements(); at += most) {
            piece.clear().limit((int) type.bytes(Math.min(most, tensor.elements() - at)));
            source.read(tensor.name(), at, type, piece);
            writeAll(out, piece.flip());
          }
        }
      }
    });
  }

  private static ByteBuffer header(Collection<TensorInfo> tensors) {
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

  private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
