package org.coldstart.checkpoint;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The decoders this library can run, by the names Hugging Face gives them, with the defaults of
 * their configuration classes in transformers.
 */
enum Architecture {
  LLAMA("LlamaForCausalLM", "llama", 2048, null),
  /** A Llama, once its sliding window is off; the class turns it on by default. */
  MISTRAL("MistralForCausalLM", "mistral", 131072, 4096);

  final String className;
  final String modelType;
  final int maxPositionEmbeddings;
  final Integer slidingWindow;

  Architecture(
      String className, String modelType, int maxPositionEmbeddings, Integer slidingWindow) {
    this.className = className;
    this.modelType = modelType;
    this.maxPositionEmbeddings = maxPositionEmbeddings;
    this.slidingWindow = slidingWindow;
  }

  static Optional<Architecture> ofClass(String className) {
    return Arrays.stream(values()).filter(known -> known.className.equals(className)).findFirst();
  }

  static Optional<Architecture> ofModelType(String modelType) {
    return Arrays.stream(values()).filter(known -> known.modelType.equals(modelType)).findFirst();
  }

  static String known() {
    return Arrays.stream(values()).map(known -> known.className).collect(Collectors.joining(", "));
  }
}
