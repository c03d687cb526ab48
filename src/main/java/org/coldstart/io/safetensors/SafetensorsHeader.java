package org.coldstart.io.safetensors;

import static org.coldstart.io.files.CheckpointException.require;

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
import java.util.Optional;
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

  private record Placed(TensorInfo info, long begin, long end) {}

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

  private List<Placed> parse(String text) {
    Map<String, Placed> tensors = new LinkedHashMap<>();
    try (JsonReader json = Json.reader(new StringReader(text))) {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (name.equals("__metadata__")) {
          json.skipValue();
        } else {
          Placed placed = placed(name, GSON.fromJson(json, Entry.class));
          check(tensors.put(name, placed) == null, "tensor \"%s\" is there twice", name);
        }
      }
      json.endObject();
      json.peek(); // checks that only white space follows
    } catch (IOException | JsonParseException | IllegalStateException e) {
      throw damaged("its header is not the JSON expected (" + e.getMessage() + ")");
    }
    return new ArrayList<>(tensors.values());
  }

  private Placed placed(String name, Entry entry) {
    check(entry != null && entry.dtype() != null && entry.shape() != null && entry.dataOffsets() != null
        && entry.dataOffsets().length == 2, "tensor \"%s\" lacks its dtype, shape or two data_offsets", name);
    check(entry.shape().length <= MAX_DIMENSIONS && !hasNegative(entry.shape(), entry.dataOffsets()),
        "tensor \"%s\" has a negative number or too many of them in its shape or data_offsets", name);
    Optional<StoredType> dtype = StoredType.ofSafetensors(entry.dtype());
    require(dtype.isPresent(),
        "Tensor \"%s\" in %s has the unknown dtype \"%s\"; use a checkpoint in F32, BF16 or F16.", name, file.path(),
        entry.dtype());
    List<Long> shape = Arrays.stream(entry.shape()).boxed().toList();
    return new Placed(new TensorInfo(name, dtype.get(), shape), entry.dataOffsets()[0], entry.dataOffsets()[1]);
  }

  private static boolean hasNegative(long[]... numbers) {
    return Arrays.stream(numbers).flatMapToLong(Arrays::stream).anyMatch(number -> number < 0);
  }

  private Map<String, StoredTensor> place(List<Placed> entries, long start) {
    entries.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    long size = file.size() - start;
    long at = 0;
    for (Placed entry : entries) {
      TensorInfo info = entry.info();
      check(entry.begin() == at,
          "tensor \"%s\" begins at byte %d of the data, where %d was expected: it overlaps the one"
              + " before, or leaves a gap",
          info.name(), entry.begin(), at);
      check(entry.end() - at == bytes(info), "tensor \"%s\" %s in %s takes %d bytes, but its data_offsets say %d",
          info.name(), info.shape(), info.dtype(), bytes(info), entry.end() - at);
      at = entry.end();
      check(at <= size, "tensor \"%s\" ends at byte %d of the data, but the file has only %d", info.name(), at, size);
      tensors.put(info.name(), new StoredTensor(file, info, start + entry.begin(), StoredTensor::decodePlain));
    }
    check(at == size, "%d bytes follow the last tensor", size - at);
    return tensors;
  }

  private long bytes(TensorInfo info) {
    try {
      return info.bytes();
    } catch (ArithmeticException e) {
      throw damaged("tensor \"%s\" cannot have the shape %s in %s".formatted(info.name(), info.shape(), info.dtype()));
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
