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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * Writes a decoder as a GGUF file of version 3, in pieces, its tensors under llama.cpp's names and in its layout: the
 * inverse of {@link GgufFile} and {@link GgufHeader}.
 */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  /** Values in one piece: a multiple of every block. */
  private static final int CHUNK = 1 << 20;

  private final ModelConfig config;
  private final TensorSource source;
  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private GgufWriter(ModelConfig config, TensorSource source) {
    this.config = config;
    this.source = source;
  }

  /**
   * Writes a model. The file appears in full or not at all, see {@link AtomicFiles}.
   *
   * @param source has the configuration's tensors by their Hugging Face names
   * @param type of the matrices
   * @param further metadata beside the configuration's: Strings, Booleans, Integers (written as u32), lists of Strings,
   * int[] and float[]
   * @throws CheckpointException if llama.cpp knows no such model, a weight is no finite number, or the file cannot be
   * written; an old one is then intact
   */
  public static void write(Path target, ModelConfig config, TensorSource source, StoredType type,
      Map<String, Object> further) {
    Map<String, Object> metadata = new LinkedHashMap<>(GgufOptions.of(config, type));
    metadata.putAll(further);
    AtomicFiles.write(target, file -> new GgufWriter(config, source).write(file, metadata, type));
  }

  private void write(Path file, Map<String, Object> metadata, StoredType type) throws IOException {
    float[] table = ropeTable();
    List<TensorInfo> tensors = new ArrayList<>();
    config.tensorShapes().forEach((name, shape) -> tensors.add(new TensorInfo(name, stored(name, shape, type), shape)));
    if (table.length > 0) {
      tensors.add(0, new TensorInfo(GgufConfig.ROPE_TABLE, StoredType.F32, List.of((long) table.length)));
    }
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeAligned(out, head(metadata, tensors));
      for (TensorInfo tensor : tensors) {
        if (tensor.name().equals(GgufConfig.ROPE_TABLE)) {
          writeAligned(out, encoded(tensor.dtype(), table));
        } else {
          writeData(out, tensor);
        }
      }
    }
  }

  /**
   * Vectors stay in F32, rows that are no whole blocks in F16; of the four-bit types the embedding and the head, which
   * suffer most, have eight bits.
   */
  private static StoredType stored(String name, List<Long> shape, StoredType type) {
    if (shape.size() == 1) {
      return StoredType.F32;
    }
    if (shape.get(1) % type.blockElements() != 0) {
      return StoredType.F16;
    }
    boolean outer = name.equals(ModelConfig.EMBEDDING) || name.equals(ModelConfig.HEAD);
    return type.quantized() && outer ? StoredType.Q8_0 : type;
  }

  /** What a Llama 3's frequencies are divided by; nothing for other rotary embeddings. */
  private float[] ropeTable() {
    RopeParameters rope = config.attention().rope();
    double[] plain = RopeParameters.plain(rope.theta()).inverseFrequencies(config.attention().headDim());
    float[] table = new float[rope.type() == RopeParameters.Type.LLAMA3 ? plain.length : 0];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) rope.stretch(2 * Math.PI / plain[i]);
    }
    return table;
  }

  private void writeData(FileChannel out, TensorInfo tensor) throws IOException {
    String name = tensor.name();
    boolean interleaved = GgufOptions.architecture(config).equals("llama")
        && (name.contains(".q_proj.") || name.contains(".k_proj."));
    int most = interleaved ? Math.toIntExact(tensor.elements()) : CHUNK;
    for (long at = 0; at < tensor.elements(); at += most) {
      float[] values = new float[(int) Math.min(most, tensor.elements() - at)];
      source.read(name, at, FloatBuffer.wrap(values));
      boolean onePlus = config.norm().onePlusWeight() && name.endsWith("norm.weight");
      for (int i = 0; i < values.length; i++) {
        CheckpointException.require(Float.isFinite(values[i]),
            "Tensor %s of %s has a value that is infinite or not a number: the training diverged, and no model can be"
                + " made of it.",
            name, source.origin());
        values[i] = onePlus ? 1 + values[i] : values[i]; // llama.cpp knows only plain norms
      }
      float[] rows = interleaved ? interleaved(values, Math.toIntExact(tensor.shape().get(0))) : values;
      writeAligned(out, encoded(tensor.dtype(), rows));
    }
  }

  /** Halves of each head become neighbours, see {@link GgufFile}. */
  private float[] interleaved(float[] values, int rows) {
    int width = values.length / rows;
    int half = config.attention().headDim() / 2;
    float[] moved = new float[values.length];
    for (int row = 0; row < rows; row++) {
      int within = row % (2 * half);
      int from = row - within + within % 2 * half + within / 2;
      System.arraycopy(values, from * width, moved, row * width, width);
    }
    return moved;
  }

  private static ByteBuffer encoded(StoredType type, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate((int) type.bytes(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    Quantizer.encode(type, values, bytes);
    return bytes.flip();
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

  private ByteBuffer head(Map<String, Object> metadata, List<TensorInfo> tensors) {
    head.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    i32(3);
    i64(tensors.size());
    i64(metadata.size());
    metadata.forEach((key, value) -> {
      string(key);
      typed(value);
    });
    long offset = 0;
    for (TensorInfo tensor : tensors) {
      string(GgufNames.toGguf(tensor.name(), config.norm().sandwiched()).orElse(tensor.name()));
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

  /** A type's number and the value, as {@link GgufHeader} reads them. */
  private void typed(Object value) {
    if (value instanceof int[] numbers) {
      list(5, numbers.length);
      for (int number : numbers) {
        i32(number);
      }
    } else if (value instanceof float[] numbers) {
      list(6, numbers.length);
      for (float number : numbers) {
        plain(number);
      }
    } else if (value instanceof List<?> texts) {
      list(8, texts.size());
      texts.forEach(this::plain);
    } else {
      i32(value instanceof Integer ? 4 : value instanceof Float ? 6 : value instanceof Boolean ? 7 : 8);
      plain(value);
    }
  }

  private void list(int type, int length) {
    i32(9);
    i32(type);
    i64(length);
  }

  private void plain(Object value) {
    if (value instanceof Integer number) {
      i32(number);
    } else if (value instanceof Float number) {
      i32(Float.floatToIntBits(number));
    } else if (value instanceof Boolean flag) {
      head.write(flag ? 1 : 0);
    } else {
      string((String) value);
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
