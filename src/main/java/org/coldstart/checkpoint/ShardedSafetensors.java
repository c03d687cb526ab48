package org.coldstart.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.json.JsonFiles;

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
      SafetensorsFile file =
          shards.computeIfAbsent(shard, name -> SafetensorsFile.open(index.resolveSibling(name)));
      infos.put(tensor, file.tensor(tensor));
      shardOf.put(tensor, file);
    }
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
  public String origin() {
    return index.toString();
  }

  @Override
  public void close() {
    shards.values().forEach(SafetensorsFile::close);
  }
}
