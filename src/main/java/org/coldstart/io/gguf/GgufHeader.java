package org.coldstart.io.gguf;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.DType;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.TensorInfo;

/**
 * Reads the head of a GGUF file, version 2 or 3: metadata and where each tensor lies. Layout as in
 * ggml's {@code docs/gguf.md}.
 */
final class GgufHeader {
  private static final int MAGIC = 0x46554747; // "GGUF", little-endian
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** More than any vocabulary has; keeps a hostile array from filling the heap. */
  private static final long MAX_ARRAY = 1 << 24;

  private static final int MAX_DIMENSIONS = 4;

  private final BinaryFile file;
  private final GgufCursor cursor;
  private final GgufMetadata metadata;
  private final Map<String, StoredTensor> tensors;

  GgufHeader(BinaryFile file) {
    this.file = file;
    this.cursor = new GgufCursor(file);
    checkMagicAndVersion();
    long tensorCount = cursor.count("the number of tensors", 8 + 4 + 4 + 8);
    long pairCount = cursor.count("the number of metadata entries", 8 + 4 + 1);
    this.metadata = new GgufMetadata(file.path().toString(), pairs(pairCount));
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
      throw new CheckpointException(
          file.path() + " is not a GGUF file: it does not start with \"GGUF\".");
    }
    int version = cursor.i32("the version");
    if (version != 2 && version != 3) {
      boolean bigEndian = version != 0 && (version & 0xffff) == 0;
      throw new CheckpointException(
          "%s has GGUF version %s%s; versions 2 and 3 in little-endian are read. Convert the model"
                  .formatted(
                      file.path(),
                      Integer.toUnsignedString(version),
                      bigEndian ? ", which means big-endian numbers" : "")
              + " with a current llama.cpp.");
    }
  }

  private Map<String, Object> pairs(long count) {
    Map<String, Object> pairs = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      String key = cursor.name("metadata key " + i);
      Object value = value(cursor.i32("the type of \"" + key + "\""), key);
      if (pairs.put(key, value) != null) {
        throw cursor.damaged("metadata key \"%s\" stands there twice", key);
      }
    }
    return pairs;
  }

  private Object value(int type, String key) {
    return switch (type) {
      case STRING -> cursor.string("\"" + key + "\"");
      case ARRAY -> array(key);
      default -> scalar(type, cursor.take(width(type, key), key));
    };
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

  private int width(int type, String key) {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 10, 11, 12 -> 8;
      default ->
          throw cursor.damaged(
              "metadata key \"%s\" has the unknown type %s", key, Integer.toUnsignedString(type));
    };
  }

  private Object array(String key) {
    int type = cursor.i32("the element type of \"" + key + "\"");
    if (type == ARRAY) {
      throw new CheckpointException(
          "Metadata key \"%s\" in %s is a list of lists, which is not supported."
              .formatted(key, file.path()));
    }
    int width = type == STRING ? 8 : width(type, key);
    long count = cursor.count("the length of \"" + key + "\"", width);
    if (count > MAX_ARRAY) {
      throw cursor.damaged("metadata key \"%s\" has %d elements", key, count);
    }
    if (type == STRING) {
      List<String> strings = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        strings.add(cursor.string("an element of \"" + key + "\""));
      }
      return Collections.unmodifiableList(strings);
    }
    return numbers(type, (int) count, cursor.take((int) count * width, key));
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
      TensorInfo info = new TensorInfo(name, dtype(name), shape);
      long offset = cursor.i64("the offset of tensor \"" + name + "\"");
      if (entries.put(name, new Entry(info, offset, bytes(info))) != null) {
        throw cursor.damaged("tensor \"%s\" stands there twice", name);
      }
    }
    return new ArrayList<>(entries.values());
  }

  /** GGUF lists the innermost size first. */
  private List<Long> shape(String name) {
    int dimensions = cursor.i32("the shape of tensor \"" + name + "\"");
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw cursor.damaged(
          "tensor \"%s\" has %s dimensions", name, Integer.toUnsignedString(dimensions));
    }
    List<Long> shape = new ArrayList<>();
    for (int i = 0; i < dimensions; i++) {
      long size = cursor.i64("the shape of tensor \"" + name + "\"");
      if (size < 1) {
        throw cursor.damaged("tensor \"%s\" has the size %s", name, Long.toUnsignedString(size));
      }
      shape.add(0, size);
    }
    return shape;
  }

  private DType dtype(String name) {
    int id = cursor.i32("the type of tensor \"" + name + "\"");
    return DType.ofGgml(id)
        .orElseThrow(
            () ->
                new CheckpointException(
                    "Tensor \"%s\" in %s has the unknown ggml type %s; use a file in F16, Q8_0 or Q4_K."
                        .formatted(name, file.path(), Integer.toUnsignedString(id))));
  }

  private long bytes(TensorInfo info) {
    try {
      // Each row is made of whole blocks.
      info.dtype().bytes(info.shape().get(info.shape().size() - 1));
      return info.bytes();
    } catch (ArithmeticException e) {
      throw cursor.damaged(
          "tensor \"%s\" cannot have the shape %s in %s (%s)",
          info.name(), info.shape(), info.dtype(), e.getMessage());
    }
  }

  private Map<String, StoredTensor> place(List<Entry> entries) {
    long alignment = metadata.integer("general.alignment").orElse(DEFAULT_ALIGNMENT);
    if (alignment < 1 || alignment > 1 << 24 || Long.bitCount(alignment) != 1) {
      throw cursor.damaged("general.alignment is %d, not a power of two", alignment);
    }
    long start = (cursor.position() + alignment - 1) / alignment * alignment;
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      TensorInfo info = entry.info();
      if (entry.offset() < 0 || entry.offset() % alignment != 0) {
        throw cursor.damaged(
            "tensor \"%s\" starts at offset %s, which is no multiple of the alignment %d",
            info.name(), Long.toUnsignedString(entry.offset()), alignment);
      }
      if (start > file.size()
          || entry.offset() > file.size() - start
          || entry.bytes() > file.size() - start - entry.offset()) {
        throw cursor.damaged(
            "tensor \"%s\" has %d bytes at offset %d of the data, but the file ends at byte %d",
            info.name(), entry.bytes(), entry.offset(), file.size());
      }
      tensors.put(
          info.name(),
          new StoredTensor(file, info, start + entry.offset(), Dequantizer::decode));
    }
    checkDisjoint(entries);
    return Collections.unmodifiableMap(tensors);
  }

  private void checkDisjoint(List<Entry> entries) {
    entries.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
    for (int i = 1; i < entries.size(); i++) {
      Entry before = entries.get(i - 1);
      if (entries.get(i).offset() < before.offset() + before.bytes()) {
        throw cursor.damaged(
            "tensors \"%s\" and \"%s\" overlap", before.info().name(), entries.get(i).info().name());
      }
    }
  }
}
