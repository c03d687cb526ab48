package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

/**
 * Which of a model repository's files are wanted: configuration, tokenizer and safetensors weights of the top folder.
 */
final class ModelFiles {
  static final String INDEX = "model.safetensors.index.json";
  private static final String SINGLE = "model.safetensors";
  private static final Set<String> CONFIGURATION = Set.of("config.json", "generation_config.json");

  private ModelFiles() {}

  /** Files of a tokenizer, and the small ones that describe its model. */
  static List<String> tokenizer(List<String> files) {
    return files.stream().filter(file -> CheckpointFiles.isTokenizer(file) || CONFIGURATION.contains(file)).toList();
  }

  /**
   * Files of a model, but of weights in several files only their index, which names them. As in transformers
   * {@code model.safetensors} goes before an index. Another name in the top folder counts only where both are missing;
   * weights in folders ({@code original/}, {@code onnx/}) and in other formats are copies of the same.
   *
   * @throws HubException if there are no weights in safetensors
   */
  static List<String> model(HubRepository repository, List<String> files) {
    List<String> weights = Stream.of(SINGLE, INDEX, "model-\\d+-of-\\d+\\.safetensors", "[^/]*\\.safetensors")
      .map(pattern -> files.stream().filter(file -> file.matches(pattern)).toList())
      .filter(found -> !found.isEmpty())
      .findFirst()
      .orElseThrow(() -> noWeights(repository, files));
    return Stream.concat(tokenizer(files).stream(), weights.stream()).sorted().toList();
  }

  private static HubException noWeights(HubRepository repository, List<String> files) {
    List<String> others = files.stream().filter(f -> f.matches(".*\\.(bin|pth?|gguf|onnx|h5|msgpack)")).toList();
    return new HubException(Reason.FILE_NOT_FOUND,
        "The %s has no weights in safetensors%s: choose a repository that has them, or convert the weights.",
        repository, others.isEmpty() ? "" : " (it has " + others.get(0) + (others.size() > 1 ? " and others)" : ")"));
  }

  /** The files an index names; it may be damaged. */
  static List<String> shards(Path index) {
    try {
      Index json = new Gson().fromJson(Json.parse(Files.readString(index)), Index.class);
      return json.weightMap.values().stream().distinct().sorted().toList();
    } catch (IOException e) {
      throw HubException.storage(index, e);
    } catch (JsonParseException | NullPointerException e) {
      throw new HubException(Reason.DAMAGED, "%s is no index of weights: it has no weight_map from tensors to files.",
          index, e);
    }
  }

  private record Index(@SerializedName("weight_map") Map<String, String> weightMap) {}
}
