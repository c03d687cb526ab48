package org.coldstart.io.gguf;

import static org.coldstart.io.files.CheckpointException.require;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;

/**
 * Reads the head of a GGUF file, version 2 or 3: metadata and where each tensor lies. Layout as in ggml's
 * {@code docs/gguf.md}. Every length is held against what is left of the file before it is used.
 */
final class GgufHeader {
  private static final int MAGIC = 0x46554747; // "GGUF", little-endian
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** Bytes of one value of each type, 0 for strings and arrays. */
  private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

  /** More than any vocabulary has; keeps a hostile file from filling the heap. */
  private static final int MAX_ARRAY = 1 << 24;

  private static final int MAX_STRING = 1 << 28;

  /** Bytes read at a time. */
  private static final int WINDOW = 1 << 16;

  private final BinaryFile file;
  private final GgufMetadata metadata;
  private final Map<String, StoredTensor> tensors;
  private ByteBuffer window = ByteBuffer.allocate(0);

  /** Where the window begins in the file. */
  private long start;

  /** What is being read, for messages. */
  private String where = "the file type";

  GgufHeader(BinaryFile file) {
    this.file = file;
    require(i32() == MAGIC, "%s is not a GGUF file: it does not start with \"GGUF\".", file.path());
    int version = i32();
    require(version == 2 || version == 3,
        "%s has GGUF version %x; 2 and 3 in little-endian are read: convert the model with a current llama.cpp.",
        file.path(), version);
    long tensorCount = count("the number of tensors", 8 + 4 + 4 + 8);
    long pairCount = count("the number of metadata entries", 8 + 4 + 1);
    this.metadata = new GgufMetadata(file.path().toString(), pairs(pairCount));
    this.tensors = directory(tensorCount);
    place();
  }

  GgufMetadata metadata() {
    return metadata;
  }

  /** Tensors by the name in the file, in its order, with shapes outermost first. */
  Map<String, StoredTensor> tensors() {
    return tensors;
  }

  private Map<String, Object> pairs(long count) {
    Map<String, Object> pairs = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      where = "metadata key " + i;
      String key = string();
      where = "metadata key \"" + key + "\"";
      check(pairs.put(key, value(i32())) == null, "%s is there twice", where);
    }
    return pairs;
  }

  private Object value(int type) {
    return switch (type) {
    case STRING -> string();
    case ARRAY -> array();
    default -> scalar(type, ahead(width(type)));
    };
  }

  private int width(int type) {
    check(type >= 0 && type < WIDTHS.length && WIDTHS[type] > 0, "%s has the unknown type %x", where, type);
    return WIDTHS[type];
  }

  private static Object scalar(int type, ByteBuffer in) {
    return switch (type) {
    case 0 -> (long) (in.get() & 0xff);
    case 1 -> (long) in.get();
    case 2 -> (long) (in.getShort() & 0xffff);
    case 3 -> (long) in.getShort();
    case 4 -> in.getInt() & 0xffffffffL;
    case 5 -> (long) in.getInt();
    // By way of the shortest decimal form: 1e-5f becomes 1e-5, not 9.999999747378752e-6.
    case 6 -> Double.parseDouble(Float.toString(in.getFloat()));
    case 7 -> in.get() != 0;
    case 10, 11 -> in.getLong();
    default -> in.getDouble();
    };
  }

  private Object array() {
    int type = i32();
    int width = type == STRING ? 8 : width(type);
    long count = count("the length of " + where, width);
    check(count <= MAX_ARRAY, "%s has %d elements", where, count);
    if (type == STRING) {
      List<String> strings = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        strings.add(string());
      }
      return Collections.unmodifiableList(strings);
    }
    ByteBuffer in = ahead((int) count * width);
    if (type == 6 || type == 12) {
      double[] numbers = new double[(int) count];
      Arrays.setAll(numbers, i -> (Double) scalar(type, in));
      return numbers;
    }
    long[] numbers = new long[(int) count];
    Arrays.setAll(numbers, i -> type == 7 ? in.get() : (Long) scalar(type, in));
    return numbers;
  }

  /** The tensors with their positions counted from where the data begin. */
  private Map<String, StoredTensor> directory(long count) {
    Map<String, StoredTensor> entries = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      where = "the name of tensor " + i;
      String name = string();
      where = "tensor \"" + name + "\"";
      List<Long> shape = shape();
      TensorInfo info = new TensorInfo(name, dtype(), shape);
      checkSize(info);
      StoredTensor entry = new StoredTensor(file, info, i64(), Dequantizer::decode);
      check(entries.put(name, entry) == null, "%s is there twice", where);
    }
    return entries;
  }

  /** GGUF lists the innermost size first. */
  private List<Long> shape() {
    int dimensions = i32();
    check(dimensions > 0 && dimensions <= 4, "%s has %d dimensions", where, dimensions);
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      long size = i64();
      check(size > 0, "%s has the size %d", where, size);
      shape.add(0, size);
    }
    return shape;
  }

  private StoredType dtype() {
    int id = i32();
    return StoredType.ofGgml(id)
      .orElseThrow(() -> new CheckpointException(
          "%s: %s has the unknown ggml type %d; use a file in F16, Q8_0 or Q4_K.".formatted(file.path(), where, id)));
  }

  private void checkSize(TensorInfo info) {
    try {
      info.dtype().bytes(info.shape().get(info.shape().size() - 1)); // rows are of whole blocks
      info.bytes();
    } catch (ArithmeticException e) {
      check(false, "%s cannot have the shape %s in %s", where, info.shape(), info.dtype());
    }
  }

  private void place() {
    long alignment = metadata.integer("general.alignment").orElse(DEFAULT_ALIGNMENT);
    check(alignment > 0 && alignment <= 1 << 24 && Long.bitCount(alignment) == 1,
        "general.alignment is %d, not a power of two", alignment);
    long begin = (position() + alignment - 1) / alignment * alignment;
    long size = file.size() - begin;
    tensors.replaceAll((name, tensor) -> {
      long offset = tensor.position();
      long bytes = tensor.info().bytes();
      check(offset >= 0 && offset % alignment == 0,
          "tensor \"%s\" starts at offset %d, which is no multiple of the alignment %d", name, offset, alignment);
      check(offset <= size && bytes <= size - offset,
          "tensor \"%s\" has %d bytes at offset %d of the data, which has only %d", name, bytes, offset, size);
      return new StoredTensor(file, tensor.info(), begin + offset, tensor.decoder());
    });
  }

  private int i32() {
    return ahead(4).getInt();
  }

  private long i64() {
    return ahead(8).getLong();
  }

  /** A number of things that follow, of at least {@code bytesEach} bytes. */
  private long count(String what, long bytesEach) {
    long count = i64();
    long rest = file.size() - position();
    check(count >= 0 && count <= rest / bytesEach, "%s is %d, but only %d bytes follow", what, count, rest);
    return count;
  }

  private String string() {
    long length = count("the length of " + where, 1);
    check(length <= MAX_STRING, "%s has %d bytes", where, length);
    ByteBuffer in = ahead((int) length);
    in.position(in.position() + (int) length);
    return new String(in.array(), in.position() - (int) length, (int) length, StandardCharsets.UTF_8);
  }

  private long position() {
    return start + window.position();
  }

  /** The window, with at least {@code length} bytes left in it: what is read from it is passed. */
  private ByteBuffer ahead(int length) {
    if (length > window.remaining()) {
      long rest = file.size() - position();
      check(length <= rest, "it ends at byte %d, in the middle of %s", file.size(), where);
      start = position();
      window = file.read(start, (int) Math.max(length, Math.min(WINDOW, rest)));
    }
    return window;
  }

  private void check(boolean fine, String damage, Object... values) {
    if (!fine) {
      throw new CheckpointException(
          "%s is cut short or damaged: %s. Download it again.".formatted(file.path(), damage.formatted(values)));
    }
  }
}
