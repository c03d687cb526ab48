package org.coldstart.lora;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;

/**
 * {@code adapter_config.json} as PEFT writes and reads it.
 *
 * <p>
 * PEFT knows many kinds of LoRA. One that is not plain LoRA would compute something else here than in Python, so a key
 * is refused unless it is understood, or turns its option off.
 */
final class LoraConfigFile {

  private static final Gson GSON = new GsonBuilder().setPrettyPrinting()
    .disableHtmlEscaping()
    .serializeNulls()
    .create();

  /** Keys that are read, and those that change nothing about what a loaded adapter computes. */
  private static final Set<String> ANY_VALUE = Set
    .of(("r lora_alpha lora_dropout target_modules layers_to_transform use_rslora"
        + " trainable_token_indices base_model_name_or_path"
        + " peft_version inference_mode revision auto_mapping megatron_core loftq_config"
        + " qalora_group_size runtime_config ensure_weight_tying")
      .split(" "));

  /** Keys whose listed values are understood; others are refused. */
  private static final Map<String, List<String>> KNOWN_VALUES = Map.of("peft_type", List.of("\"LORA\""), "task_type",
      List.of("\"CAUSAL_LM\"", "null"), "bias", List.of("\"none\""), "init_lora_weights",
      List.of("true", "false", "\"gaussian\""), "layers_pattern",
      List.of("null", "[]", "\"\"", "\"layers\"", "[\"layers\"]"));

  private static final List<String> OFF = List.of("null", "false", "{}", "[]", "\"\"");

  private LoraConfigFile() {}

  /**
   * Reads a configuration.
   *
   * @throws CheckpointException if the file is damaged, a key asks for what is not implemented, or a value is out of
   * range
   */
  static LoraConfig read(Path file) {
    JsonObject json = JsonFiles.read(file, CheckpointException::new);
    if (!json.has("peft_type")) {
      throw new CheckpointException(file + " has no key \"peft_type\"; it is no adapter's configuration.");
    }
    try {
      json.entrySet().forEach(entry -> refuse(entry.getKey(), entry.getValue().toString()));
      return read(json);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private static void refuse(String key, String value) {
    List<String> known = KNOWN_VALUES.getOrDefault(key, OFF);
    if (!ANY_VALUE.contains(key) && !known.contains(value)) {
      throw new IllegalArgumentException(
          "\"%s\": %s is not implemented here%s. Merge the adapter into its base model with Python's".formatted(key,
              shortened(value), known == OFF ? "" : " (known: " + String.join(", ", known) + ")")
              + " peft (merge_and_unload) and load the merged model.");
    }
  }

  private static LoraConfig read(JsonObject json) {
    LoraConfig.Builder builder = LoraConfig.builder();
    for (String key : json.keySet()) {
      JsonElement value = json.get(key);
      switch (value.isJsonNull() ? "" : key) {
      case "r" -> builder.r(bound(key, value, Integer.class));
      case "lora_alpha" -> builder.loraAlpha(bound(key, value, Double.class));
      case "lora_dropout" -> builder.loraDropout(bound(key, value, Double.class));
      case "use_rslora" -> builder.useRslora(bound(key, value, Boolean.class));
      case "base_model_name_or_path" -> builder.baseModelNameOrPath(bound(key, value, String.class));
      case "target_modules" -> builder.targetModules(targets(key, value));
      case "layers_to_transform" -> builder.layersToTransform(ids(key, value));
      case "trainable_token_indices" -> tokens(key, value, builder);
      default -> {
      } // checked before
      }
    }
    return builder.build();
  }

  /** A value as Gson binds it, but without its leniency: a string is no number here. */
  private static <T> T bound(String key, JsonElement value, Class<T> type) {
    try {
      T bound = GSON.fromJson(value, type);
      if (GSON.toJsonTree(bound).equals(value)) {
        return bound;
      }
    } catch (RuntimeException e) {
      // refused below, as a value that Gson would bend is
    }
    throw new IllegalArgumentException("\"%s\" should hold a value of type %s, but holds %s.".formatted(key,
        type.getSimpleName(), shortened(value.toString())));
  }

  private static LoraTargets targets(String key, JsonElement value) {
    if (value.isJsonArray()) {
      return LoraTargets.named(bound(key, value, String[].class));
    }
    String text = bound(key, value, String.class);
    try {
      return text.equalsIgnoreCase(LoraTargets.ALL_LINEAR) ? LoraTargets.allLinear() : LoraTargets.matching(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "%s is \"%s\", no regular expression that Java knows (%s).".formatted(key, text, e.getDescription()), e);
    }
  }

  /** PEFT lists the embedding's ids alone, or the ids by module. */
  private static void tokens(String key, JsonElement value, LoraConfig.Builder builder) {
    if (value.isJsonObject()) {
      for (Map.Entry<String, JsonElement> entry : value.getAsJsonObject().entrySet()) {
        String module = entry.getKey().substring(entry.getKey().lastIndexOf('.') + 1);
        builder.trainableTokenIndices(module, ids(key, entry.getValue()));
      }
    } else {
      builder.trainableTokenIndices(ids(key, value));
    }
  }

  private static int[] ids(String key, JsonElement value) {
    return value.isJsonArray() ? bound(key, value, int[].class) : new int[] {bound(key, value, Integer.class)};
  }

  private static String shortened(String text) {
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }

  /** The file's text: what PEFT needs to load the adapter for inference. */
  static String toJson(LoraConfig config) {
    Map<String, List<Integer>> tokens = config.trainableTokenIndices();
    List<Integer> layers = config.layersToTransform();
    LoraTargets targets = config.targetModules();
    Map<String, Object> json = new TreeMap<>();
    json.put("base_model_name_or_path", config.baseModelNameOrPath());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.put("layers_to_transform", layers.isEmpty() ? null : layers);
    json.put("lora_alpha", wholeIfPossible(config.loraAlpha()));
    json.put("lora_dropout", config.loraDropout());
    json.put("peft_type", "LORA");
    json.put("r", config.r());
    json.put("target_modules", targets.regex() == null ? targets.names() : targets.regex());
    json.put("task_type", "CAUSAL_LM");
    json.put("trainable_token_indices",
        tokens.keySet().equals(Set.of("embed_tokens")) ? tokens.get("embed_tokens") : tokens.isEmpty() ? null : tokens);
    json.put("use_dora", false);
    json.put("use_rslora", config.useRslora());
    return GSON.toJson(json) + "\n";
  }

  private static Number wholeIfPossible(double value) {
    return value == Math.rint(value) && value < Integer.MAX_VALUE ? (Number) (int) value : value;
  }
}
