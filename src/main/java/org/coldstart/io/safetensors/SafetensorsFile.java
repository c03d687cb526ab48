package org.coldstart.io.safetensors;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;

/**
 * The tensors of a safetensors file, or of several that an index makes one checkpoint of. Those in F32, F16 and BF16
 * can be read as numbers; others can stand beside them, and their bytes be read.
 */
public final class SafetensorsFile implements TensorSource {
  /** A shard lies beside its index; a path could lead anywhere. */
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

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

  private Map<String, StoredTensor> header(Path path) {
    BinaryFile file = BinaryFile.open(path);
    files.add(file);
    return new SafetensorsHeader(file).read();
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
