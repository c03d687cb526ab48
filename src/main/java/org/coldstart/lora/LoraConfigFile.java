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

  private static final String EXCLUDED = "exclude_modules";
  private static final List<String> OFF = List.of("false", "{}", "[]", "\"\"");

  private LoraConfigFile() {}

  /** Reads a configuration; a {@link CheckpointException} names what is damaged, not implemented or out of range. */
  static LoraConfig read(Path file) {
    JsonObject json = JsonFiles.read(file, CheckpointException::new);
    if (!json.has("peft_type")) {
      throw new CheckpointException(file + " has no key \"peft_type\"; it is no adapter's configuration.");
    }
    LoraConfig.Builder builder = LoraConfig.builder();
    try {
      json.entrySet().forEach(entry -> read(entry.getKey(), entry.getValue(), builder));
      LoraConfig config = builder.build();
      JsonElement excluded = json.get(EXCLUDED);
      return excluded == null || excluded.isJsonNull() || OFF.contains(excluded.toString()) ? config
          : config.withTargetModules(config.targetModules().without(targets(EXCLUDED, excluded)));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  private static void read(String key, JsonElement value, LoraConfig.Builder builder) {
    if (value.isJsonNull() && !key.equals("peft_type")) {
      return; // PEFT's default
    }
    switch (key) {
    case "r" -> builder.r(bound(key, value, Integer.class));
    case "lora_alpha" -> builder.loraAlpha(bound(key, value, Double.class));
    case "lora_dropout" -> builder.loraDropout(bound(key, value, Double.class));
    case "use_rslora" -> builder.useRslora(bound(key, value, Boolean.class));
    case "base_model_name_or_path" -> builder.baseModelNameOrPath(bound(key, value, String.class));
    case "target_modules" -> builder.targetModules(targets(key, value));
    case "layers_to_transform" -> builder.layersToTransform(ids(key, value));
    case "trainable_token_indices" -> tokens(key, value, builder);
    case "peft_type" -> requireOneOf(List.of("\"LORA\""), key, value);
    case "task_type" -> requireOneOf(List.of("\"CAUSAL_LM\""), key, value);
    case "bias" -> requireOneOf(List.of("\"none\""), key, value);
    case "init_lora_weights" -> requireOneOf(List.of("true", "false", "\"gaussian\""), key, value);
    case "layers_pattern" -> requireOneOf(List.of("[]", "\"\"", "\"layers\"", "[\"layers\"]"), key, value);
    case EXCLUDED, "peft_version", "inference_mode", "revision", "auto_mapping", "megatron_core", "loftq_config",
        "qalora_group_size", "runtime_config", "ensure_weight_tying" ->
      {
      } // read apart, or change nothing about what a loaded adapter computes
    default -> requireOneOf(OFF, key, value);
    }
  }

  private static void requireOneOf(List<String> known, String key, JsonElement value) {
    if (!known.contains(value.toString())) {
      throw new IllegalArgumentException(
          "\"%s\": %s is not implemented here%s. Merge the adapter into its base model with Python's".formatted(key,
              shortened(value), known == OFF ? "" : " (known: " + String.join(", ", known) + ")")
              + " peft (merge_and_unload) and load the merged model.");
    }
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
    throw new IllegalArgumentException(
        "\"%s\" should hold a value of type %s, but holds %s.".formatted(key, type.getSimpleName(), shortened(value)));
  }

  private static LoraConfig.Targets targets(String key, JsonElement value) {
    if (value.isJsonArray()) {
      return LoraConfig.Targets.named(bound(key, value, String[].class));
    }
    String text = bound(key, value, String.class);
    try {
      return LoraConfig.Targets
        .matching(text.equalsIgnoreCase(LoraConfig.Targets.ALL_LINEAR) ? LoraConfig.Targets.ALL_LINEAR : text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "%s is \"%s\", no regular expression that Java knows (%s).".formatted(key, text, e.getDescription()), e);
    }
  }

  /** PEFT lists the embedding's ids alone, or the ids by module. */
  private static void tokens(String key, JsonElement value, LoraConfig.Builder builder) {
    if (!value.isJsonObject()) {
      builder.trainableTokenIndices(ids(key, value));
      return;
    }
    value.getAsJsonObject()
      .asMap()
      .forEach(
          (name, list) -> builder.trainableTokenIndices(name.substring(name.lastIndexOf('.') + 1), ids(key, list)));
  }

  private static int[] ids(String key, JsonElement value) {
    return value.isJsonArray() ? bound(key, value, int[].class) : new int[] {bound(key, value, Integer.class)};
  }

  private static String shortened(JsonElement value) {
    String text = value.toString();
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }

  /** The file's text: what PEFT needs to load the adapter for inference. */
  static String toJson(LoraConfig config) {
    Map<String, List<Integer>> tokens = config.trainableTokenIndices();
    List<Integer> layers = config.layersToTransform();
    LoraConfig.Targets targets = config.targetModules();
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
