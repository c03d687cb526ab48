package org.coldstart.io.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * Writes a decoder as a GGUF file of version 3, in pieces, so that any size fits into memory. Layout as in ggml's
 * {@code docs/gguf.md}; {@link GgufHeader} reads it.
 */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  /** Values in one piece: a multiple of every block. */
  private static final int CHUNK = 1 << 20;

  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private GgufWriter() {}

  /**
   * Writes a model. The file appears in full or not at all, see {@link AtomicFiles}.
   *
   * @param source has the configuration's tensors by their Hugging Face names
   * @param type of the matrices
   * @param further metadata beside the configuration's: Strings, Booleans, Integers (written as u32), lists of Strings,
   * int[] and float[]
   * @throws CheckpointException if llama.cpp knows no such model, a tensor has no finite values, or the file cannot be
   * written; an old one is then intact
   */
  public static void write(Path target, ModelConfig config, TensorSource source, StoredType type,
      Map<String, Object> further) {
    Map<String, Object> metadata = new LinkedHashMap<>(GgufOptions.of(config, type));
    metadata.putAll(further);
    TensorSource tensors = new GgufTensors(config, source, type);
    ByteBuffer head = new GgufWriter().head(metadata, tensors.tensors());
    AtomicFiles.write(target, file -> {
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeAligned(out, head);
        for (TensorInfo tensor : tensors.tensors().values()) {
          writeData(out, tensors, tensor);
        }
      }
    });
  }

  private static void writeData(FileChannel out, TensorSource source, TensorInfo tensor) throws IOException {
    float[] values = new float[(int) Math.min(CHUNK, tensor.elements())];
    ByteBuffer piece = ByteBuffer.allocate((int) tensor.dtype().bytes(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = 0; at < tensor.elements(); at += CHUNK) {
      int count = (int) Math.min(CHUNK, tensor.elements() - at);
      source.read(tensor.name(), at, FloatBuffer.wrap(values, 0, count));
      Quantizer.encode(tensor.dtype(), values, count, piece.clear());
      writeAligned(out, piece.flip());
    }
  }

  /** Pieces but the last of a tensor are of whole multiples, so that padding is written behind that alone. */
  private static void writeAligned(FileChannel out, ByteBuffer bytes) throws IOException {
    ByteBuffer padding = ByteBuffer.allocate((int) (aligned(bytes.remaining()) - bytes.remaining()));
    for (ByteBuffer part : List.of(bytes, padding)) {
      while (part.hasRemaining()) {
        out.write(part);
      }
    }
  }

  private static long aligned(long size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private ByteBuffer head(Map<String, Object> metadata, Map<String, TensorInfo> tensors) {
    head.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    i32(3);
    i64(tensors.size());
    i64(metadata.size());
    metadata.forEach((key, value) -> {
      string(key);
      value(value);
    });
    long offset = 0;
    for (TensorInfo tensor : tensors.values()) {
      string(tensor.name());
      i32(tensor.shape().size());
      for (int i = tensor.shape().size() - 1; i >= 0; i--) { // the innermost size first
        i64(tensor.shape().get(i));
      }
      i32(tensor.dtype().ggmlId());
      i64(offset);
      offset += aligned(tensor.bytes());
    }
    return ByteBuffer.wrap(head.toByteArray());
  }

  /** A type's number, and the value; the numbers are those of {@link GgufHeader}. */
  private void value(Object value) {
    if (value instanceof Integer number) {
      i32(4);
      i32(number);
    } else if (value instanceof Float number) {
      i32(6);
      i32(Float.floatToIntBits(number));
    } else if (value instanceof Boolean flag) {
      i32(7);
      head.write(flag ? 1 : 0);
    } else if (value instanceof String text) {
      i32(8);
      string(text);
    } else {
      i32(9);
      array(value);
    }
  }

  private void array(Object value) {
    if (value instanceof int[] numbers) {
      i32(5);
      i64(numbers.length);
      for (int number : numbers) {
        i32(number);
      }
    } else if (value instanceof float[] numbers) {
      i32(6);
      i64(numbers.length);
      for (float number : numbers) {
        i32(Float.floatToIntBits(number));
      }
    } else {
      List<?> texts = (List<?>) value;
      i32(8);
      i64(texts.size());
      texts.forEach(text -> string((String) text));
    }
  }

  private void string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    i64(bytes.length);
    head.writeBytes(bytes);
  }

  private void i32(int value) {
    head.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private void i64(long value) {
    head.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
