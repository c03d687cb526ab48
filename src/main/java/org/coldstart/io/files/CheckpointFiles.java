package org.coldstart.io.files;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which files of a folder in Hugging Face's format belong to what. A save takes away the old ones that it does not
 * write anew: a part of the old checkpoint beside the new one would be read as a part of it.
 */
public final class CheckpointFiles {
  private static final Pattern WEIGHTS = Pattern
    .compile("model(-\\d{5}-of-\\d{5})?\\.safetensors|model\\.safetensors\\.index\\.json");

  private static final Set<String> TOKENIZER = Set.of("tokenizer.json", "tokenizer_config.json",
      "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja",
      "chat_template.json");

  private CheckpointFiles() {}

  /** Whether a file of that name holds weights, or says which files do. */
  public static boolean isWeights(String name) {
    return WEIGHTS.matcher(name).matches();
  }

  /** Whether a file of that name is a tokenizer's. */
  public static boolean isTokenizer(String name) {
    return TOKENIZER.contains(name);
  }
}
