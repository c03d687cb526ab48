package org.coldstart.io.checkpoint;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/** Writes a model's part of a folder in Hugging Face's format: configurations and weights. */
public final class CheckpointWriter {

  /** Null is written, for an absent key would mean a default of transformers'. */
  private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting()
    .disableHtmlEscaping()
    .serializeNulls()
    .create();

  private CheckpointWriter() {}

  /**
   * Writes {@code config.json}, {@code generation_config.json} and {@code model.safetensors}, or its shards and their
   * index. The folder has all the old files or all the new ones at any moment, see {@link AtomicFiles#writeFolder}; its
   * other files stay.
   *
   * @param source all its tensors are written
   * @param dtype in which type
   * @param maxShardSize bytes above which the weights are split
   * @throws CheckpointException if a tensor cannot be read or a file cannot be written
   */
  public static void write(Path folder, ModelConfig config, GenerationConfig generationConfig, TensorSource source,
      StoredType dtype, long maxShardSize) {
    List<TensorInfo> tensors = source.tensors().values().stream().map(tensor -> tensor.in(dtype)).toList();
    AtomicFiles.writeFolder(folder, CheckpointFiles::isWeights, aside -> {
      writeWeights(aside, source, shards(tensors, maxShardSize));
      writeJson(aside.resolve(Checkpoint.CONFIG), config.toJson(dtype));
      writeJson(aside.resolve(Checkpoint.GENERATION_CONFIG), generationConfig.toJson());
    });
  }

  /** In order, a new file where the next tensor would not fit any more. */
  private static List<List<TensorInfo>> shards(List<TensorInfo> tensors, long most) {
    List<List<TensorInfo>> shards = new ArrayList<>();
    long size = 0;
    for (TensorInfo tensor : tensors) {
      if (shards.isEmpty() || size + tensor.bytes() > most) {
        shards.add(new ArrayList<>());
        size = 0;
      }
      shards.get(shards.size() - 1).add(tensor);
      size += tensor.bytes();
    }
    return shards;
  }

  private static void writeWeights(Path folder, TensorSource source, List<List<TensorInfo>> shards) throws IOException {
    if (shards.size() == 1) {
      SafetensorsWriter.write(folder.resolve(Checkpoint.WEIGHTS), source, shards.get(0));
      return;
    }
    Map<String, String> shardOf = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      SafetensorsWriter.write(folder.resolve(name), source, shards.get(i));
      shards.get(i).forEach(tensor -> shardOf.put(tensor.name(), name));
    }
    List<TensorInfo> all = shards.stream().flatMap(List::stream).toList();
    writeJson(folder.resolve(Checkpoint.INDEX),
        Map.of("metadata", Map.of("total_parameters", all.stream().mapToLong(TensorInfo::elements).sum(), "total_size",
            all.stream().mapToLong(TensorInfo::bytes).sum()), "weight_map", shardOf));
  }

  private static void writeJson(Path file, Object json) throws IOException {
    Files.writeString(file, PRETTY.toJson(json) + "\n");
  }
}
