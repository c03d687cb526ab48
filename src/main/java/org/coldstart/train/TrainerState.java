package org.coldstart.train;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.model.LossSums;

/**
 * Where a run stands and what it has measured, all but weights and optimizer: what {@code
 * trainer_state.json} holds, under transformers' names where it has them.
 *
 * <p>The order of rows and all noise follow from the seed and from where the run stands, so no
 * random state needs saving.
 */
final class TrainerState {

  /** When the run was begun; tells it from one of the same recipe before it. */
  Instant begun = Instant.now();

  int step;
  int epoch;
  int stepInEpoch;
  long rows;
  long tokens;
  double seconds;
  double trainingSeconds;
  LossSums all = LossSums.NONE;
  LossSums sinceLog = LossSums.NONE;
  double stepLoss = Double.NaN;
  double learningRate;
  double gradNorm = Double.NaN;
  double evalLoss = Double.NaN;
  double bestMetric = Double.NaN;
  int bestStep;
  int evaluationsWithoutGain;
  boolean stoppedEarly;

  /** Whether evaluation, log and saving after the step are done; an interrupt may come between. */
  boolean reported = true;

  /** The steps of the checkpoints this run has saved and not deleted, ascending. */
  final List<Integer> saved = new ArrayList<>();

  final TrainingLog log = new TrainingLog();

  /** Notes an evaluation; whether it is the best so far. */
  boolean evaluated(double loss, double threshold) {
    evalLoss = loss;
    boolean gain = Double.isNaN(bestMetric) || loss < bestMetric - threshold;
    evaluationsWithoutGain = gain ? 0 : evaluationsWithoutGain + 1;
    boolean best = Double.isNaN(bestMetric) || loss < bestMetric;
    if (best) {
      bestMetric = loss;
      bestStep = step;
    }
    return best;
  }

  /**
   * Decides whether the run ends for want of a better evaluation; with patience 0 it never does.
   */
  void stopEarlyBy(int patience) {
    stoppedEarly = patience > 0 && evaluationsWithoutGain >= patience;
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("begun", begun.toString());
    json.addProperty("global_step", step);
    json.addProperty("epoch_index", epoch);
    json.addProperty("step_in_epoch", stepInEpoch);
    json.addProperty("num_rows_seen", rows);
    json.addProperty("num_input_tokens_seen", tokens);
    json.addProperty("seconds", seconds);
    json.addProperty("training_seconds", trainingSeconds);
    json.add("all", write(all));
    json.add("since_log", write(sinceLog));
    LogJson.add(json, "step_loss", stepLoss);
    LogJson.add(json, "learning_rate", learningRate);
    LogJson.add(json, "grad_norm", gradNorm);
    LogJson.add(json, "eval_loss", evalLoss);
    LogJson.add(json, "best_metric", bestMetric);
    json.addProperty("best_global_step", bestStep);
    json.addProperty("evaluations_without_gain", evaluationsWithoutGain);
    json.addProperty("stopped_early", stoppedEarly);
    json.addProperty("reported", reported);
    JsonArray steps = new JsonArray();
    saved.forEach(steps::add);
    json.add("saved_steps", steps);
    JsonArray entries = new JsonArray();
    log.entries().forEach(entry -> entries.add(LogJson.write(entry)));
    json.add("log_history", entries);
    JsonArray samples = new JsonArray();
    log.samples().forEach(sample -> samples.add(LogJson.write(sample)));
    json.add("samples", samples);
    return json;
  }

  static TrainerState fromJson(JsonObject json) {
    TrainerState state = new TrainerState();
    state.begun =
        json.has("begun") ? Instant.parse(json.get("begun").getAsString()) : Instant.EPOCH;
    state.step = json.get("global_step").getAsInt();
    state.epoch = json.get("epoch_index").getAsInt();
    state.stepInEpoch = json.get("step_in_epoch").getAsInt();
    state.rows = json.get("num_rows_seen").getAsLong();
    state.tokens = json.get("num_input_tokens_seen").getAsLong();
    state.seconds = json.get("seconds").getAsDouble();
    state.trainingSeconds = json.get("training_seconds").getAsDouble();
    state.all = readSums(json.getAsJsonObject("all"));
    state.sinceLog = readSums(json.getAsJsonObject("since_log"));
    state.stepLoss = LogJson.get(json, "step_loss");
    state.learningRate = LogJson.get(json, "learning_rate");
    state.gradNorm = LogJson.get(json, "grad_norm");
    state.evalLoss = LogJson.get(json, "eval_loss");
    state.bestMetric = LogJson.get(json, "best_metric");
    state.bestStep = json.get("best_global_step").getAsInt();
    state.evaluationsWithoutGain = json.get("evaluations_without_gain").getAsInt();
    state.stoppedEarly = json.get("stopped_early").getAsBoolean();
    state.reported = json.get("reported").getAsBoolean();
    for (JsonElement step : json.getAsJsonArray("saved_steps")) {
      state.saved.add(step.getAsInt());
    }
    for (JsonElement entry : json.getAsJsonArray("log_history")) {
      state.log.add(LogJson.readEntry(entry.getAsJsonObject()));
    }
    for (JsonElement sample : json.getAsJsonArray("samples")) {
      state.log.add(LogJson.readSample(sample.getAsJsonObject()));
    }
    return state;
  }

  private static JsonObject write(LossSums sums) {
    JsonObject json = new JsonObject();
    json.addProperty("loss", sums.loss());
    json.addProperty("tokens", sums.tokens());
    json.addProperty("correct", sums.correct());
    json.addProperty("entropy", sums.entropy());
    return json;
  }

  private static LossSums readSums(JsonObject json) {
    return new LossSums(
        json.get("loss").getAsDouble(),
        json.get("tokens").getAsLong(),
        json.get("correct").getAsLong(),
        json.get("entropy").getAsDouble());
  }
}
