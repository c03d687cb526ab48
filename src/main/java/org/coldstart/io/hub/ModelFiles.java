package org.coldstart.io.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

/**
 * Which of a model repository's files are wanted: configuration, tokenizer and safetensors weights
 * of the top folder.
 */
final class ModelFiles {
  static final String INDEX = "model.safetensors.index.json";
  private static final String SINGLE = "model.safetensors";
  private static final Set<String> TOKENIZER =
      Set.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json");

  private ModelFiles() {}

  /** Files of a tokenizer, and the small ones that describe its model. */
  static List<String> tokenizer(List<String> files) {
    return files.stream().filter(TOKENIZER::contains).toList();
  }

  /**
   * Files of a model, but of weights in several files only their index, which names them. As in
   * transformers {@code model.safetensors} goes before an index. Another name in the top folder
   * counts only where both are missing; weights in folders ({@code original/}, {@code onnx/}) and
   * in other formats are copies of the same.
   *
   * @throws HubException if there are no weights in safetensors
   */
  static List<String> model(HubRepository repository, List<String> files) {
    List<String> weights = weights(files);
    if (weights.isEmpty()) {
      throw new HubException(
          Reason.FILE_NOT_FOUND,
          "The %s has no weights in safetensors%s: choose a repository that has them, or convert the weights."
              .formatted(repository, others(files)));
    }
    return Stream.concat(tokenizer(files).stream(), weights.stream()).sorted().toList();
  }

  private static List<String> weights(List<String> files) {
    for (String standard : List.of(SINGLE, INDEX)) {
      if (files.contains(standard)) {
        return List.of(standard);
      }
    }
    Predicate<String> safetensors = f -> f.endsWith(".safetensors") && !f.contains("/");
    List<String> shards =
        files.stream().filter(f -> f.matches("model-\\d+-of-\\d+\\.safetensors")).toList();
    return shards.isEmpty() ? files.stream().filter(safetensors).toList() : shards;
  }

  private static String others(List<String> files) {
    List<String> others =
        files.stream().filter(f -> f.matches(".*\\.(bin|pth?|gguf|onnx|h5|msgpack)")).toList();
    return others.isEmpty()
        ? ""
        : " (it has %s%s)".formatted(others.get(0), others.size() > 1 ? " and others" : "");
  }

  /**
   * The files an index names.
   *
   * @throws HubException if the file is no index
   */
  static List<String> shards(Path index) {
    try {
      JsonElement json = Json.parse(Files.readString(index));
      JsonObject map = json.getAsJsonObject().getAsJsonObject("weight_map");
      Set<String> shards = new TreeSet<>();
      map.entrySet().forEach(entry -> shards.add(entry.getValue().getAsString()));
      return List.copyOf(shards);
    } catch (JsonParseException
        | IllegalStateException
        | ClassCastException
        | NullPointerException
        | UnsupportedOperationException e) {
      throw new HubException(
          Reason.DAMAGED,
          index + " is no index of weights: it has no weight_map from tensors to files.",
          e);
    } catch (IOException e) {
      throw HubCache.storageError(index, e);
    }
  }
}
