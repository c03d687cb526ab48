package org.coldstart.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.coldstart.io.files.CheckpointException;

/**
 * {@code adapter_config.json} as PEFT writes and reads it.
 *
 * <p>PEFT knows many kinds of LoRA. One that is not plain LoRA would say something else here than
 * in Python, so a key is refused unless it is understood, or says that its option is off.
 */
final class LoraConfigFile {

  /** Keys that change nothing about what a loaded adapter says. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "peft_version",
          "inference_mode",
          "revision",
          "auto_mapping",
          "megatron_core",
          "loftq_config",
          "qalora_group_size",
          "runtime_config",
          "ensure_weight_tying");

  /** Keys whose listed values are understood; others are refused. */
  private static final Map<String, List<String>> KNOWN_VALUES =
      Map.of(
          "peft_type", List.of("\"LORA\""),
          "task_type", List.of("\"CAUSAL_LM\"", "null"),
          "bias", List.of("\"none\""),
          "init_lora_weights", List.of("true", "false", "\"gaussian\""),
          "layers_pattern", List.of("null", "[]", "\"\"", "\"layers\"", "[\"layers\"]"));

  private static final Set<String> READ =
      Set.of(
          "r",
          "lora_alpha",
          "lora_dropout",
          "target_modules",
          "layers_to_transform",
          "use_rslora",
          "trainable_token_indices",
          "base_model_name_or_path");

  private static final Set<String> OFF = Set.of("null", "false", "{}", "[]", "\"\"");

  private final JsonObject json;
  private final Object origin;

  private LoraConfigFile(JsonObject json, Object origin) {
    this.json = json;
    this.origin = origin;
  }

  /**
   * Reads a configuration.
   *
   * @param origin the file, for messages
   * @throws CheckpointException if a key asks for what is not implemented, or has a value out of
   *     range
   */
  static LoraConfig fromJson(JsonObject json, Object origin) {
    LoraConfigFile file = new LoraConfigFile(json, origin);
    file.refuseUnknown();
    try {
      return file.read();
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          origin + " holds a value that cannot be used: " + e.getMessage(), e);
    }
  }

  private void refuseUnknown() {
    if (!json.has("peft_type")) {
      throw new CheckpointException(
          origin + " has no key \"peft_type\"; it is no adapter's configuration.");
    }
    json.entrySet()
        .forEach(
            entry -> {
              String key = entry.getKey();
              String value = entry.getValue().toString();
              List<String> known = KNOWN_VALUES.get(key);
              boolean fine =
                  known != null
                      ? known.contains(value)
                      : READ.contains(key) || WITHOUT_EFFECT.contains(key) || OFF.contains(value);
              if (!fine) {
                throw new CheckpointException(
                    origin
                        + " asks for \""
                        + key
                        + "\": "
                        + shortened(value)
                        + ", which is not implemented here"
                        + (known == null ? "" : " (known: " + String.join(", ", known) + ")")
                        + ". Merge the adapter into its base model with Python's peft"
                        + " (merge_and_unload) and load the merged model.");
              }
            });
  }

  private LoraConfig read() {
    LoraConfig.Builder builder = LoraConfig.builder();
    if (isSet("r")) {
      builder.r(integer(json.get("r"), "r"));
    }
    if (isSet("lora_alpha")) {
      builder.loraAlpha(number("lora_alpha"));
    }
    if (isSet("lora_dropout")) {
      builder.loraDropout(number("lora_dropout"));
    }
    if (isSet("target_modules")) {
      builder.targetModules(targets(json.get("target_modules")));
    }
    if (isSet("layers_to_transform")) {
      builder.layersToTransform(integers(json.get("layers_to_transform"), "layers_to_transform"));
    }
    if (isSet("use_rslora")) {
      builder.useRslora(bool("use_rslora"));
    }
    if (isSet("base_model_name_or_path")) {
      builder.baseModelNameOrPath(
          string(json.get("base_model_name_or_path"), "base_model_name_or_path"));
    }
    readTokens(builder);
    return builder.build();
  }

  private void readTokens(LoraConfig.Builder builder) {
    String key = "trainable_token_indices";
    if (!isSet(key)) {
      return;
    }
    if (json.get(key).isJsonObject()) {
      json.getAsJsonObject(key)
          .entrySet()
          .forEach(
              entry ->
                  builder.trainableTokenIndices(
                      entry.getKey().substring(entry.getKey().lastIndexOf('.') + 1),
                      integers(entry.getValue(), key)));
    } else {
      builder.trainableTokenIndices(integers(json.get(key), key));
    }
  }

  private LoraTargets targets(JsonElement value) {
    if (value.isJsonArray()) {
      List<String> names = new ArrayList<>();
      value.getAsJsonArray().forEach(name -> names.add(string(name, "target_modules")));
      return LoraTargets.named(names.toArray(String[]::new));
    }
    String text = string(value, "target_modules");
    if (text.equalsIgnoreCase(LoraTargets.ALL_LINEAR)) {
      return LoraTargets.allLinear();
    }
    try {
      return LoraTargets.matching(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "target_modules is \""
              + text
              + "\", no regular expression that Java knows ("
              + e.getDescription()
              + ")",
          e);
    }
  }

  private boolean isSet(String key) {
    return json.has(key) && !json.get(key).isJsonNull();
  }

  private double number(String key) {
    JsonPrimitive value = primitive(json.get(key), key);
    if (!value.isNumber()) {
      throw wrong(key, "a number", value);
    }
    return value.getAsDouble();
  }

  private boolean bool(String key) {
    JsonPrimitive value = primitive(json.get(key), key);
    if (!value.isBoolean()) {
      throw wrong(key, "true or false", value);
    }
    return value.getAsBoolean();
  }

  private String string(JsonElement element, String key) {
    JsonPrimitive value = primitive(element, key);
    if (!value.isString()) {
      throw wrong(key, "a string", value);
    }
    return value.getAsString();
  }

  private int[] integers(JsonElement element, String key) {
    if (!element.isJsonArray()) {
      return new int[] {integer(element, key)};
    }
    int[] values = new int[element.getAsJsonArray().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = integer(element.getAsJsonArray().get(i), key);
    }
    return values;
  }

  private int integer(JsonElement element, String key) {
    JsonPrimitive value = primitive(element, key);
    if (!value.isNumber() || value.getAsDouble() != (int) value.getAsDouble()) {
      throw wrong(key, "a whole number", value);
    }
    return (int) value.getAsDouble();
  }

  private static JsonPrimitive primitive(JsonElement element, String key) {
    if (!element.isJsonPrimitive()) {
      throw wrong(key, "a single value", element);
    }
    return element.getAsJsonPrimitive();
  }

  private static IllegalArgumentException wrong(String key, String expected, JsonElement found) {
    return new IllegalArgumentException(
        "\"" + key + "\" should be " + expected + ", but is " + shortened(found.toString()) + ".");
  }

  private static String shortened(String text) {
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }

  /** What PEFT needs to load the adapter for inference. */
  static JsonObject toJson(LoraConfig config) {
    JsonObject json = new JsonObject();
    json.addProperty("base_model_name_or_path", config.baseModelNameOrPath());
    json.addProperty("bias", "none");
    json.addProperty("fan_in_fan_out", false);
    json.addProperty("inference_mode", true);
    json.addProperty("init_lora_weights", true);
    json.add(
        "layers_to_transform",
        config.layersToTransform().isEmpty() ? null : array(config.layersToTransform()));
    json.addProperty("lora_alpha", wholeIfPossible(config.loraAlpha()));
    json.addProperty("lora_dropout", config.loraDropout());
    json.addProperty("peft_type", "LORA");
    json.addProperty("r", config.r());
    LoraTargets targets = config.targetModules();
    json.add(
        "target_modules",
        targets.regex() == null ? array(targets.names()) : new JsonPrimitive(targets.regex()));
    json.addProperty("task_type", "CAUSAL_LM");
    json.add("trainable_token_indices", tokens(config.trainableTokenIndices()));
    json.addProperty("use_dora", false);
    json.addProperty("use_rslora", config.useRslora());
    return json;
  }

  private static Number wholeIfPossible(double value) {
    return value == Math.rint(value) && value < Integer.MAX_VALUE ? (Number) (int) value : value;
  }

  private static JsonElement tokens(Map<String, List<Integer>> byModule) {
    if (byModule.isEmpty()) {
      return null;
    }
    if (byModule.keySet().equals(Set.of("embed_tokens"))) {
      return array(byModule.get("embed_tokens"));
    }
    JsonObject json = new JsonObject();
    byModule.forEach((module, ids) -> json.add(module, array(ids)));
    return json;
  }

  private static JsonArray array(List<?> values) {
    JsonArray array = new JsonArray();
    for (Object value : values) {
      array.add(
          value instanceof Number number
              ? new JsonPrimitive(number)
              : new JsonPrimitive((String) value));
    }
    return array;
  }
}
