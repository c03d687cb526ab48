package org.coldstart.io.safetensors;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;

/** A {@code model.safetensors.index.json}: which tensor stands in which file beside it. */
final class ShardIndex {
  /** A shard lies beside its index; a path could lead anywhere. */
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");

  private final Path index;
  private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();

  private ShardIndex(Path index) {
    this.index = index;
  }

  static SafetensorsFile open(Path index) {
    ShardIndex opened = new ShardIndex(index);
    try {
      return opened.read();
    } catch (RuntimeException | Error e) {
      opened.shards.values().forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private SafetensorsFile read() {
    JsonElement map = JsonFiles.read(index, CheckpointException::new).get("weight_map");
    if (!(map instanceof JsonObject shardOf)) {
      throw new CheckpointException(index + ": \"weight_map\" is missing.");
    }
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    shardOf
        .asMap()
        .forEach(
            (tensor, shard) ->
                tensors.put(
                    tensor,
                    shards.computeIfAbsent(shardName(tensor, shard), this::shard).stored(tensor)));
    checkThatNoneStandsTwice();
    List<BinaryFile> files = new ArrayList<>();
    shards.values().forEach(shard -> files.addAll(shard.files()));
    return new SafetensorsFile(index, files, tensors);
  }

  private String shardName(String tensor, JsonElement shard) {
    if (shard.isJsonPrimitive() && SHARD.matcher(shard.getAsString()).matches()) {
      return shard.getAsString();
    }
    throw new CheckpointException(
        "Tensor \"%s\" in %s should name a file in the same folder, but names %s."
            .formatted(tensor, index, shard));
  }

  private SafetensorsFile shard(String name) {
    Path path = index.resolveSibling(name);
    if (!Files.exists(path)) {
      throw new CheckpointException(
          "%s names the file %s, which is missing: the checkpoint is incomplete; download it again."
              .formatted(index, name));
    }
    return SafetensorsFile.open(path);
  }

  /** Which of two is meant nobody can say; readers that go by the shards take the last. */
  private void checkThatNoneStandsTwice() {
    Map<String, SafetensorsFile> seen = new HashMap<>();
    for (SafetensorsFile shard : shards.values()) {
      for (String tensor : shard.tensors().keySet()) {
        SafetensorsFile other = seen.put(tensor, shard);
        if (other != null) {
          throw new CheckpointException(
              "Tensor \"%s\" stands twice: in %s and in %s. They are parts of different"
                      .formatted(tensor, other.origin(), shard.origin())
                  + " checkpoints; download or save it again.");
        }
      }
    }
  }
}
