package org.coldstart.io.checkpoint;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;

/**
 * Reads the head of a GGUF file, version 2 or 3: metadata and where each tensor lies. Layout as in
 * ggml's {@code docs/gguf.md}.
 */
final class GgufHeader {
  private static final int MAGIC = 0x46554747; // "GGUF", little-endian
  private static final int DEFAULT_ALIGNMENT = 32;

  /**
   * More elements than any vocabulary or merge table has; keeps a hostile array from filling the
   * heap.
   */
  private static final long MAX_ARRAY = 1 << 24;

  private static final int MAX_DIMENSIONS = 4;

  private final GgufCursor cursor;
  private final String file;
  private final GgufMetadata metadata;
  private final Map<String, StoredTensor> tensors;

  GgufHeader(MappedFile mapped) {
    this.cursor = new GgufCursor(mapped);
    this.file = mapped.path().toString();
    checkMagicAndVersion();
    long tensorCount = cursor.count("the number of tensors", 8 + 4 + 4 + 8);
    long pairCount = cursor.count("the number of metadata entries", 8 + 4 + 1);
    this.metadata = new GgufMetadata(file, pairs(pairCount));
    this.tensors = place(directory(tensorCount));
  }

  GgufMetadata metadata() {
    return metadata;
  }

  /** Tensors by the name in the file, with shapes outermost first. */
  Map<String, StoredTensor> tensors() {
    return tensors;
  }

  private void checkMagicAndVersion() {
    if (cursor.i32("the file type") != MAGIC) {
      throw new CheckpointException(file + " is not a GGUF file: it does not start with \"GGUF\".");
    }
    int version = cursor.i32("the version");
    if (version != 2 && version != 3) {
      boolean bigEndian = version != 0 && (version & 0xffff) == 0;
      throw new CheckpointException(
          file
              + " has GGUF version "
              + Integer.toUnsignedString(version)
              + (bigEndian ? ", which means big-endian numbers" : "")
              + "; versions 2 and 3 in little-endian are"
              + " read. Convert the model with a current llama.cpp.");
    }
  }

  private Map<String, Object> pairs(long count) {
    Map<String, Object> pairs = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      String key = cursor.name("metadata key " + i);
      Object value = value(cursor.i32("the type of \"" + key + "\""), key);
      if (pairs.put(key, value) != null) {
        throw damaged("metadata key \"" + key + "\" stands there twice");
      }
    }
    return pairs;
  }

  private Object value(int type, String key) {
    if (type == 8) {
      return cursor.string("\"" + key + "\"");
    }
    return type == 9 ? array(key) : scalar(type, cursor.take(width(type, key), key));
  }

  private static Object scalar(int type, ByteBuffer in) {
    return switch (type) {
      case 0 -> (long) (in.get() & 0xff);
      case 1 -> (long) in.get();
      case 2 -> (long) (in.getShort() & 0xffff);
      case 3 -> (long) in.getShort();
      case 4 -> in.getInt() & 0xffffffffL;
      case 5 -> (long) in.getInt();
      case 6 -> widen(in.getFloat());
      case 7 -> in.get() != 0;
      case 10, 11 -> in.getLong();
      default -> in.getDouble();
    };
  }

  /** By way of the shortest decimal form: 1e-5f becomes 1e-5, not 9.999999747378752e-6. */
  private static double widen(float value) {
    return Double.parseDouble(Float.toString(value));
  }

  private int width(int type, String key) {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 10, 11, 12 -> 8;
      default ->
          throw damaged(
              "metadata key \""
                  + key
                  + "\" has the unknown type "
                  + Integer.toUnsignedString(type));
    };
  }

  private Object array(String key) {
    int type = cursor.i32("the element type of \"" + key + "\"");
    if (type == 9) {
      throw new CheckpointException(
          "Metadata key \""
              + key
              + "\" in "
              + file
              + " is a list of lists, which is not supported.");
    }
    long count = cursor.count("the length of \"" + key + "\"", type == 8 ? 8 : width(type, key));
    if (count > MAX_ARRAY) {
      throw damaged("metadata key \"" + key + "\" has " + count + " elements");
    }
    if (type == 8) {
      List<String> strings = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        strings.add(cursor.string("element " + i + " of \"" + key + "\""));
      }
      return Collections.unmodifiableList(strings);
    }
    return numbers(type, (int) count, cursor.take((int) count * width(type, key), key));
  }

  private static Object numbers(int type, int count, ByteBuffer in) {
    if (type == 6 || type == 12) {
      double[] numbers = new double[count];
      Arrays.setAll(numbers, i -> (Double) scalar(type, in));
      return numbers;
    }
    long[] numbers = new long[count];
    Arrays.setAll(numbers, i -> type == 7 ? in.get() : (Long) scalar(type, in));
    return numbers;
  }

  private record Entry(TensorInfo info, long offset, long bytes) {}

  private List<Entry> directory(long count) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      String name = cursor.name("the name of tensor " + i);
      List<Long> shape = shape(name);
      DType dtype = dtype(name);
      long offset = cursor.i64("the offset of tensor \"" + name + "\"");
      Entry entry =
          new Entry(new TensorInfo(name, dtype, shape), offset, bytes(name, dtype, shape));
      if (entries.put(name, entry) != null) {
        throw damaged("tensor \"" + name + "\" stands there twice");
      }
    }
    return List.copyOf(entries.values());
  }

  /** GGUF lists the innermost size first. */
  private List<Long> shape(String name) {
    int dimensions = cursor.i32("the shape of tensor \"" + name + "\"");
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw damaged(
          "tensor \"" + name + "\" has " + Integer.toUnsignedString(dimensions) + " dimensions");
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      long size = cursor.i64("the shape of tensor \"" + name + "\"");
      if (size < 1) {
        throw damaged("tensor \"" + name + "\" has the size " + Long.toUnsignedString(size));
      }
      shape.add(size);
    }
    Collections.reverse(shape);
    return shape;
  }

  private DType dtype(String name) {
    int id = cursor.i32("the type of tensor \"" + name + "\"");
    return DType.ofGgml(id)
        .orElseThrow(
            () ->
                new CheckpointException(
                    "Tensor \""
                        + name
                        + "\" in "
                        + file
                        + " has the unknown ggml type "
                        + Integer.toUnsignedString(id)
                        + "; use a file in F16, Q8_0 or Q4_K."));
  }

  private long bytes(String name, DType dtype, List<Long> shape) {
    try {
      long row = dtype.bytes(shape.get(shape.size() - 1));
      return shape.subList(0, shape.size() - 1).stream().reduce(row, Math::multiplyExact);
    } catch (ArithmeticException e) {
      throw damaged(
          "tensor \""
              + name
              + "\" cannot have the shape "
              + shape
              + " in "
              + dtype
              + " ("
              + e.getMessage()
              + ")");
    }
  }

  private Map<String, StoredTensor> place(List<Entry> entries) {
    long alignment = alignment();
    long start = (cursor.position() + alignment - 1) / alignment * alignment;
    Ranges ranges = new Ranges(file, cursor.file().size());
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      String name = entry.info().name();
      if (entry.offset() < 0 || entry.offset() % alignment != 0) {
        throw damaged(
            "tensor \""
                + name
                + "\" starts at offset "
                + Long.toUnsignedString(entry.offset())
                + ", which is no multiple of the alignment "
                + alignment);
      }
      ranges.add(name, start, entry.offset(), entry.bytes());
      tensors.put(name, new StoredTensor(cursor.file(), entry.info(), start + entry.offset()));
    }
    ranges.checkDisjoint();
    return Collections.unmodifiableMap(tensors);
  }

  private long alignment() {
    long alignment = metadata.integer("general.alignment").orElse(DEFAULT_ALIGNMENT);
    if (alignment < 1 || alignment > 1 << 24 || Long.bitCount(alignment) != 1) {
      throw damaged("general.alignment is " + alignment + ", not a power of two");
    }
    return alignment;
  }

  private CheckpointException damaged(String what) {
    return new CheckpointException(file + " is damaged: " + what + ". Download it again.");
  }
}
