package org.coldstart.io.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;

/** Several safetensors files that {@code model.safetensors.index.json} makes one checkpoint of. */
final class ShardedSafetensors implements TensorSource {
  /** A shard lies beside its index; a path could lead anywhere. */
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

  private final Path index;
  private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
  private final Map<String, SafetensorsFile> shardOf = new LinkedHashMap<>();
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();

  private ShardedSafetensors(Path index) {
    this.index = index;
  }

  static ShardedSafetensors open(Path index) {
    ShardedSafetensors sharded = new ShardedSafetensors(index);
    try {
      sharded.openShards(
          new JsonFields(JsonFiles.read(index, CheckpointException::new), index.toString()));
      return sharded;
    } catch (RuntimeException | Error e) {
      sharded.close();
      throw e;
    }
  }

  private void openShards(JsonFields json) {
    JsonObject map =
        json.element("weight_map")
            .filter(JsonElement::isJsonObject)
            .map(JsonElement::getAsJsonObject)
            .orElseThrow(
                () -> new CheckpointException("Key \"weight_map\" is missing in " + index + "."));
    JsonFields files = new JsonFields(map, index.toString());
    for (String tensor : map.keySet()) {
      String shard =
          files
              .string(tensor)
              .filter(SHARD.asMatchPredicate())
              .orElseThrow(
                  () ->
                      new CheckpointException(
                          "Tensor \""
                              + tensor
                              + "\" in "
                              + index
                              + " should name a file in the same folder, but names "
                              + map.get(tensor)
                              + "."));
      SafetensorsFile file = shards.computeIfAbsent(shard, this::shard);
      infos.put(tensor, file.tensor(tensor));
      shardOf.put(tensor, file);
    }
    checkThatNoneStandsTwice();
  }

  /** Which of two is meant nobody can say; readers that go by the shards take the last. */
  private void checkThatNoneStandsTwice() {
    Map<String, SafetensorsFile> seen = new HashMap<>();
    for (SafetensorsFile shard : shards.values()) {
      for (String tensor : shard.tensors().keySet()) {
        SafetensorsFile other = seen.put(tensor, shard);
        if (other != null) {
          throw new CheckpointException(
              "Tensor \""
                  + tensor
                  + "\" stands twice: in "
                  + other.origin()
                  + " and in "
                  + shard.origin()
                  + ". They are parts of different checkpoints; download or save it again.");
        }
      }
    }
  }

  private SafetensorsFile shard(String name) {
    Path path = index.resolveSibling(name);
    if (!Files.exists(path)) {
      throw new CheckpointException(
          index
              + " names the file "
              + name
              + ", which is missing: the checkpoint is incomplete; download it again.");
    }
    return SafetensorsFile.open(path);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(infos);
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    tensor(name);
    shardOf.get(name).read(name, offset, into);
  }

  @Override
  public void read(String name, long offset, DType as, ByteBuffer into) {
    tensor(name);
    shardOf.get(name).read(name, offset, as, into);
  }

  @Override
  public String origin() {
    return index.toString();
  }

  @Override
  public void close() {
    shards.values().forEach(SafetensorsFile::close);
  }
}
