package org.coldstart.hub;

import java.util.List;
import java.util.Set;

/**
 * Which of a model repository's files are wanted: configuration, tokenizer and safetensors weights
 * of the top folder.
 */
final class ModelFiles {
  private static final Set<String> NAMES =
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
          "chat_template.json",
          "model.safetensors.index.json");

  private ModelFiles() {}

  /**
   * Chooses from a repository's files. Weights in folders ({@code original/}, {@code onnx/}) and in
   * other formats are copies of the same; {@code model.safetensors} and its parts are what
   * transformers loads, so another name counts only where they are missing.
   */
  static List<String> choose(List<String> files) {
    boolean standard = files.stream().anyMatch(ModelFiles::isStandardWeights);
    return files.stream()
        .filter(
            f ->
                NAMES.contains(f)
                    || isStandardWeights(f)
                    || !standard && f.endsWith(".safetensors") && !f.contains("/"))
        .toList();
  }

  private static boolean isStandardWeights(String file) {
    return file.matches("model(-\\d+-of-\\d+)?\\.safetensors");
  }
}
