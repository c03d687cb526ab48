package org.coldstart.train;

import com.google.gson.JsonObject;

/**
 * Log rows and samples as JSON, under the keys of transformers' {@code log_history}; what was not
 * measured is left out, since JSON knows no NaN.
 */
final class LogJson {

  private LogJson() {}

  static JsonObject write(TrainingLog.Entry entry) {
    JsonObject json = new JsonObject();
    json.addProperty("step", entry.step());
    add(json, "epoch", entry.epoch());
    add(json, "loss", entry.loss());
    add(json, "eval_loss", entry.evalLoss());
    add(json, "learning_rate", entry.learningRate());
    add(json, "grad_norm", entry.gradNorm());
    add(json, "tokens_per_second", entry.tokensPerSecond());
    add(json, "mean_token_accuracy", entry.meanTokenAccuracy());
    add(json, "entropy", entry.entropy());
    add(json, "eval_mean_token_accuracy", entry.evalMeanTokenAccuracy());
    json.addProperty("num_tokens", entry.numTokens());
    add(json, "seconds_left", entry.secondsLeft());
    add(json, "peak_memory_bytes", entry.peakMemory());
    return json;
  }

  static TrainingLog.Entry readEntry(JsonObject json) {
    return new TrainingLog.Entry(
        json.get("step").getAsInt(),
        get(json, "epoch"),
        get(json, "loss"),
        get(json, "eval_loss"),
        get(json, "learning_rate"),
        get(json, "grad_norm"),
        get(json, "tokens_per_second"),
        get(json, "mean_token_accuracy"),
        get(json, "entropy"),
        get(json, "eval_mean_token_accuracy"),
        json.get("num_tokens").getAsLong(),
        get(json, "seconds_left"),
        get(json, "peak_memory_bytes"));
  }

  static JsonObject write(TrainingLog.Sample sample) {
    JsonObject json = new JsonObject();
    json.addProperty("step", sample.step());
    json.addProperty("prompt", sample.prompt());
    json.addProperty("reply", sample.reply());
    return json;
  }

  static TrainingLog.Sample readSample(JsonObject json) {
    return new TrainingLog.Sample(
        json.get("step").getAsInt(),
        json.get("prompt").getAsString(),
        json.get("reply").getAsString());
  }

  /** Adds a number that JSON can hold. */
  static void add(JsonObject json, String key, double value) {
    if (Double.isFinite(value)) {
      json.addProperty(key, value);
    }
  }

  /** The number, or NaN where it was left out. */
  static double get(JsonObject json, String key) {
    return json.has(key) ? json.get(key).getAsDouble() : Double.NaN;
  }
}
