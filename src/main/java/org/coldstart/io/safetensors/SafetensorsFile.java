package org.coldstart.io.safetensors;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;
import org.coldstart.io.json.JsonFiles;

/**
 * The tensors of a safetensors file, or of several that an index makes one checkpoint of. Those in F32, F16 and BF16
 * can be read as numbers; others can stand beside them, and their bytes be read.
 */
public final class SafetensorsFile implements TensorSource {
  /** A shard lies beside its index; a path could lead anywhere. */
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

  private static final int MAX_HEADER = 100_000_000;
  private static final int MAX_DIMENSIONS = 64;
  private static final Gson GSON = new Gson();

  private record Entry(String dtype, long[] shape, @SerializedName("data_offsets") long[] dataOffsets) {}

  private final Path path;
  private final List<BinaryFile> files = new ArrayList<>();
  private final Map<String, StoredTensor> stored = new LinkedHashMap<>();
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();

  private SafetensorsFile(Path path) {
    this.path = path;
  }

  /** @throws CheckpointException if it is no safetensors file, or is cut or damaged */
  public static SafetensorsFile open(Path path) {
    return open(path, opened -> opened.addAll(opened.header(path)));
  }

  /**
   * Opens the files that a {@code model.safetensors.index.json} beside them names.
   *
   * @throws CheckpointException if one of them is missing or damaged, or a tensor stands in two
   */
  public static SafetensorsFile openIndex(Path index) {
    return open(index, SafetensorsFile::addShards);
  }

  private static SafetensorsFile open(Path path, Consumer<SafetensorsFile> reader) {
    SafetensorsFile opened = new SafetensorsFile(path);
    try {
      reader.accept(opened);
      return opened;
    } catch (RuntimeException | Error e) {
      opened.close();
      throw e;
    }
  }

  /**
   * Reads and checks a file's head, 8 bytes of length and that many bytes of JSON: its tensors by name, in the order of
   * the data, which follow without gaps. The limits are those of the reference implementation.
   */
  private Map<String, StoredTensor> header(Path path) {
    BinaryFile file = BinaryFile.open(path);
    files.add(file);
    long size = file.size();
    check(path, size >= 8, "it has %d bytes, fewer than the length of its header", size);
    long length = file.read(0, 8).getLong();
    check(path, length >= 2 && length <= MAX_HEADER && length <= size - 8,
        "its header should have %s bytes; the file has %d, and headers at most %d", Long.toUnsignedString(length), size,
        MAX_HEADER);
    return place(file, parse(path, text(file, (int) length)), 8 + length);
  }

  private static String text(BinaryFile file, int length) {
    ByteBuffer bytes = file.read(8, length);
    check(file.path(), bytes.get(0) == '{', "its header does not begin with \"{\"");
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw damaged(file.path(), "its header is not UTF-8");
    }
  }

  private static Map<String, Entry> parse(Path path, String text) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    try (JsonReader json = Json.reader(new StringReader(text))) {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (name.equals("__metadata__")) {
          json.skipValue();
        } else {
          Entry entry = GSON.fromJson(json, Entry.class);
          check(path, entry != null && entry.dtype() != null && entry.shape() != null && entry.dataOffsets() != null
              && entry.dataOffsets().length == 2, "tensor \"%s\" lacks its dtype, shape or two data_offsets", name);
          check(path, entry.shape().length <= MAX_DIMENSIONS && !hasNegative(entry.shape(), entry.dataOffsets()),
              "tensor \"%s\" has a negative number or too many of them in its shape or data_offsets", name);
          check(path, entries.put(name, entry) == null, "tensor \"%s\" is there twice", name);
        }
      }
      json.endObject();
      json.peek(); // checks that only white space follows
    } catch (IOException | JsonParseException | IllegalStateException e) {
      throw damaged(path, "its header is not the JSON expected (" + e.getMessage() + ")");
    }
    return entries;
  }

  private static boolean hasNegative(long[]... numbers) {
    return Arrays.stream(numbers).flatMapToLong(Arrays::stream).anyMatch(number -> number < 0);
  }

  private static Map<String, StoredTensor> place(BinaryFile file, Map<String, Entry> entries, long start) {
    List<String> names = new ArrayList<>(entries.keySet());
    names.sort(Comparator.comparing(name -> entries.get(name).dataOffsets(), Arrays::compare));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    long size = file.size() - start;
    long at = 0;
    for (String name : names) {
      TensorInfo info = info(file.path(), name, entries.get(name));
      long begin = entries.get(name).dataOffsets()[0];
      long end = entries.get(name).dataOffsets()[1];
      check(file.path(), begin == at,
          "tensor \"%s\" begins at byte %d of the data, where %d was expected: it overlaps the one before,"
              + " or leaves a gap",
          name, begin, at);
      check(file.path(), end - at == info.bytes(), "tensor \"%s\" %s in %s takes %d bytes, but its data_offsets say %d",
          name, info.shape(), info.dtype(), info.bytes(), end - at);
      check(file.path(), end <= size, "tensor \"%s\" ends at byte %d of the data, but the file has only %d", name, end,
          size);
      tensors.put(name, new StoredTensor(file, info, start + begin, StoredTensor::decodePlain));
      at = end;
    }
    check(file.path(), at == size, "%d bytes follow the last tensor", size - at);
    return tensors;
  }

  /** What is known about a tensor, whose size is a number that Java has. */
  private static TensorInfo info(Path path, String name, Entry entry) {
    StoredType dtype = StoredType.ofSafetensors(entry.dtype())
      .orElseThrow(() -> new CheckpointException(
          "Tensor \"%s\" in %s has the unknown dtype \"%s\"; use a checkpoint in F32, BF16 or F16.".formatted(name,
              path, entry.dtype())));
    TensorInfo info = new TensorInfo(name, dtype, Arrays.stream(entry.shape()).boxed().toList());
    try {
      info.bytes();
      return info;
    } catch (ArithmeticException e) {
      throw damaged(path, "tensor \"%s\" cannot have the shape %s in %s".formatted(name, info.shape(), dtype));
    }
  }

  private static void check(Path path, boolean fine, String damage, Object... values) {
    if (!fine) {
      throw damaged(path, damage.formatted(values));
    }
  }

  private static CheckpointException damaged(Path path, String damage) {
    return new CheckpointException(
        "%s is no safetensors file, or cut short or damaged: %s. Download it again.".formatted(path, damage));
  }

  private void addAll(Map<String, StoredTensor> tensors) {
    stored.putAll(tensors);
    tensors.forEach((name, tensor) -> infos.put(name, tensor.info()));
  }

  private void addShards() {
    JsonElement map = JsonFiles.read(path, CheckpointException::new).get("weight_map");
    if (!(map instanceof JsonObject shardOf)) {
      throw new CheckpointException(path + ": \"weight_map\" is missing.");
    }
    Map<Path, Map<String, StoredTensor>> shards = new LinkedHashMap<>();
    for (String tensor : shardOf.keySet()) {
      Path shard = shard(tensor, shardOf.get(tensor));
      StoredTensor found = shards.computeIfAbsent(shard, this::header).get(tensor);
      require(found != null, "There is no tensor \"%s\" in %s.", tensor, shard);
      addAll(Map.of(tensor, found));
    }
    // Which of two is meant nobody can say; readers that go by the shards take the last.
    Map<String, Path> seen = new HashMap<>();
    shards.forEach((shard, tensors) -> {
      for (String tensor : tensors.keySet()) {
        Path other = seen.put(tensor, shard);
        require(other == null, "Tensor \"%s\" stands twice, in %s and in %s; download or save the checkpoint again.",
            tensor, other, shard);
      }
    });
  }

  private Path shard(String tensor, JsonElement name) {
    require(name.isJsonPrimitive() && SHARD.matcher(name.getAsString()).matches(),
        "Tensor \"%s\" in %s should name a file in the same folder, but names %s.", tensor, path, name);
    Path shard = path.resolveSibling(name.getAsString());
    require(Files.exists(shard),
        "%s names the file %s, which is missing: the checkpoint is incomplete; download it again.", path,
        shard.getFileName());
    return shard;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(infos);
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    tensor(name);
    stored.get(name).read(offset, into);
  }

  /** The stored bytes where {@code as} is the stored type, else f32. */
  @Override
  public void read(String name, long offset, StoredType as, ByteBuffer into) {
    if (as == tensor(name).dtype()) {
      stored.get(name).readBytes(offset, into);
    } else {
      TensorSource.super.read(name, offset, as, into);
    }
  }

  @Override
  public String origin() {
    return path.toString();
  }

  @Override
  public void close() {
    files.forEach(BinaryFile::close);
  }
}
