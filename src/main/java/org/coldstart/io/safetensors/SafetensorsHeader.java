package org.coldstart.io.safetensors;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;

/**
 * Reads and checks the head of a safetensors file: 8 bytes of length, that many bytes of JSON, then the data without
 * gaps. The limits are those of the reference implementation.
 */
final class SafetensorsHeader {
  private static final int MAX_LENGTH = 100_000_000;
  private static final int MAX_DIMENSIONS = 64;
  private static final Gson GSON = new Gson();

  private record Entry(String dtype, long[] shape, @SerializedName("data_offsets") long[] dataOffsets) {}

  private final BinaryFile file;

  SafetensorsHeader(BinaryFile file) {
    this.file = file;
  }

  /** The tensors of the file, by name, in the order of the data. */
  Map<String, StoredTensor> read() {
    long size = file.size();
    check(size >= 8, "it has %d bytes, fewer than the length of its header", size);
    long length = file.read(0, 8).getLong();
    check(length >= 2 && length <= MAX_LENGTH && length <= size - 8,
        "its header should have %s bytes; the file has %d, and headers at most %d", Long.toUnsignedString(length), size,
        MAX_LENGTH);
    return place(parse(text((int) length)), 8 + length);
  }

  private String text(int length) {
    ByteBuffer bytes = file.read(8, length);
    check(bytes.get(0) == '{', "its header does not begin with \"{\"");
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw damaged("its header is not UTF-8");
    }
  }

  private Map<String, Entry> parse(String text) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    try (JsonReader json = Json.reader(new StringReader(text))) {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (name.equals("__metadata__")) {
          json.skipValue();
        } else {
          Entry entry = GSON.fromJson(json, Entry.class);
          check(entry != null && entry.dtype() != null && entry.shape() != null && entry.dataOffsets() != null
              && entry.dataOffsets().length == 2, "tensor \"%s\" lacks its dtype, shape or two data_offsets", name);
          check(entry.shape().length <= MAX_DIMENSIONS && !hasNegative(entry.shape(), entry.dataOffsets()),
              "tensor \"%s\" has a negative number or too many of them in its shape or data_offsets", name);
          check(entries.put(name, entry) == null, "tensor \"%s\" is there twice", name);
        }
      }
      json.endObject();
      json.peek(); // checks that only white space follows
    } catch (IOException | JsonParseException | IllegalStateException e) {
      throw damaged("its header is not the JSON expected (" + e.getMessage() + ")");
    }
    return entries;
  }

  private static boolean hasNegative(long[]... numbers) {
    return Arrays.stream(numbers).flatMapToLong(Arrays::stream).anyMatch(number -> number < 0);
  }

  private Map<String, StoredTensor> place(Map<String, Entry> entries, long start) {
    List<String> names = new ArrayList<>(entries.keySet());
    names.sort(Comparator.comparing(name -> entries.get(name).dataOffsets(), Arrays::compare));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    long size = file.size() - start;
    long at = 0;
    for (String name : names) {
      TensorInfo info = info(name, entries.get(name));
      long begin = entries.get(name).dataOffsets()[0];
      long end = entries.get(name).dataOffsets()[1];
      check(begin == at,
          "tensor \"%s\" begins at byte %d of the data, where %d was expected: it overlaps the one before,"
              + " or leaves a gap",
          name, begin, at);
      check(end - at == info.bytes(), "tensor \"%s\" %s in %s takes %d bytes, but its data_offsets say %d", name,
          info.shape(), info.dtype(), info.bytes(), end - at);
      check(end <= size, "tensor \"%s\" ends at byte %d of the data, but the file has only %d", name, end, size);
      tensors.put(name, new StoredTensor(file, info, start + begin, StoredTensor::decodePlain));
      at = end;
    }
    check(at == size, "%d bytes follow the last tensor", size - at);
    return tensors;
  }

  /** What is known about a tensor, whose size is a number that Java has. */
  private TensorInfo info(String name, Entry entry) {
    StoredType dtype = StoredType.ofSafetensors(entry.dtype())
      .orElseThrow(() -> new CheckpointException(
          "Tensor \"%s\" in %s has the unknown dtype \"%s\"; use a checkpoint in F32, BF16 or F16.".formatted(name,
              file.path(), entry.dtype())));
    TensorInfo info = new TensorInfo(name, dtype, Arrays.stream(entry.shape()).boxed().toList());
    try {
      info.bytes();
      return info;
    } catch (ArithmeticException e) {
      throw damaged("tensor \"%s\" cannot have the shape %s in %s".formatted(name, info.shape(), dtype));
    }
  }

  private void check(boolean fine, String damage, Object... values) {
    if (!fine) {
      throw damaged(damage.formatted(values));
    }
  }

  private CheckpointException damaged(String damage) {
    return new CheckpointException(
        "%s is no safetensors file, or cut short or damaged: %s. Download it again.".formatted(file.path(), damage));
  }
}
