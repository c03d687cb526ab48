package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.coldstart.model.CausalLm;

/**
 * All that decides which weights a run ends with: its settings, its rows and the shape of what it
 * trains. A checkpoint is resumed only where all of it is as it was.
 *
 * @param facts by name, as text
 */
record RunFingerprint(Map<String, String> facts) {

  /** Settings that watch or save a run and move no weight: they may change at a resume. */
  private static final Set<String> FREE =
      Set.of(
          "perDeviceEvalBatchSize",
          "loggingSteps",
          "evalSteps",
          "outputDir",
          "saveStrategy",
          "saveSteps",
          "saveTotalLimit",
          "loadBestModelAtEnd",
          "earlyStoppingPatience",
          "earlyStoppingThreshold");

  static RunFingerprint of(SftConfig config, TrainingData data, CausalLm model) {
    Map<String, String> facts = new LinkedHashMap<>();
    for (RecordComponent setting : SftConfig.class.getRecordComponents()) {
      if (!FREE.contains(setting.getName())) {
        facts.put(setting.getName(), value(setting, config));
      }
    }
    facts.put("training data", data.trainFingerprint());
    facts.put("evaluation data", TrainingData.fingerprint(data.eval()));
    facts.put("trained parameters", shapes(model.trainableParameters()));
    facts.put("adapter", model.adapter().map(lora -> lora.config().toString()).orElse("none"));
    return new RunFingerprint(facts);
  }

  private static String value(RecordComponent setting, SftConfig config) {
    try {
      return String.valueOf(setting.getAccessor().invoke(config));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("A record's accessors can be called.", e);
    }
  }

  private static String shapes(Map<String, NDArray> parameters) {
    StringBuilder all = new StringBuilder();
    parameters.forEach((name, array) -> all.append(name).append(array.getShape()).append('\n'));
    long values = parameters.values().stream().mapToLong(NDArray::size).sum();
    return String.format(
        "%d tensors with %d values, %08x", parameters.size(), values, all.toString().hashCode());
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    facts.forEach(json::addProperty);
    return json;
  }

  static RunFingerprint fromJson(JsonObject json) {
    Map<String, String> facts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonElement> fact : json.entrySet()) {
      facts.put(fact.getKey(), fact.getValue().getAsString());
    }
    return new RunFingerprint(facts);
  }

  /** What differs, with both values: empty where nothing does. */
  List<String> differencesFrom(RunFingerprint saved) {
    List<String> differences = new ArrayList<>();
    facts.forEach(
        (name, now) -> {
          String before = saved.facts.getOrDefault(name, "not known");
          if (!now.equals(before)) {
            differences.add(name + " was " + before + " and is " + now);
          }
        });
    return differences;
  }
}
