package org.coldstart.train;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.TypeAdapter;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.coldstart.data.Example;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.model.LossSums;

/**
 * How far a run is and what it has measured, all but weights and optimizer: {@code trainer_state.json}, under
 * transformers' names where it has them. The order of rows and all noise follow from the seed and the step, so no
 * random state is saved.
 */
final class TrainerState {

  /** The file that makes a folder one that a run resumes from. */
  static final String FILE = "trainer_state.json";

  /** JSON has no NaN. */
  private static final TypeAdapter<Double> NAN_AS_NULL = new TypeAdapter<>() {
    @Override
    public void write(JsonWriter out, Double value) throws IOException {
      out.value(Double.isFinite(value) ? value : null);
    }

    @Override
    public Double read(JsonReader in) throws IOException {
      if (in.peek() == JsonToken.NULL) {
        in.nextNull();
        return Double.NaN;
      }
      return in.nextDouble();
    }
  };

  private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
    .registerTypeAdapter(double.class, NAN_AS_NULL)
    .registerTypeAdapter(Double.class, NAN_AS_NULL)
    .serializeNulls()
    .setPrettyPrinting()
    .disableHtmlEscaping()
    .create();

  /** When the run began, in milliseconds since 1970: distinguishes it from others of its recipe. */
  long startedAt = System.currentTimeMillis();

  int globalStep;

  /** Steps that have changed the weights: those with nothing to learn have not. */
  int updates;

  int epochIndex;
  int stepInEpoch;
  long numRowsSeen;
  long numInputTokensSeen;
  double seconds;
  double trainingSeconds;

  LossSums total = LossSums.NONE;
  LossSums sinceLog = LossSums.NONE;

  /** Sums of what the objective has measured of each step, and of how many, since the last row of the log. */
  Map<String, Double> metricsSinceLog = new TreeMap<>();

  int stepsSinceLog;
  double stepLoss = Double.NaN;
  double learningRate;
  double gradNorm = Double.NaN;
  double bestMetric = Double.NaN;
  int bestGlobalStep;

  /** Evaluations since the last one that was better by the threshold. */
  int earlyStoppingPatienceCounter;

  /** Whether evaluation, log and saving after the step are done; an interrupt may come between. */
  boolean reported = true;

  /** The steps of the checkpoints this run has saved and not deleted. */
  SortedSet<Integer> savedSteps = new TreeSet<>();

  List<TrainingLog.Entry> logHistory = new ArrayList<>();

  /** Replies that more than one step is taken on. */
  List<Completion> rollout = List.of();

  /** What decides which weights the run ends with, see {@link Checkpoints}. */
  Map<String, String> fingerprint = Map.of();

  /** Of the weights under an adapter; NaN where all weights are in the checkpoint. */
  double baseModelChecksum = Double.NaN;

  /** Where it was read from. */
  transient Path folder;

  /** Counts an optimizer step. An objective's own loss takes the place of the mean −log p. */
  void addStep(TrainingStep.Result result, boolean endsEpoch) {
    globalStep++;
    epochIndex += endsEpoch ? 1 : 0;
    stepInEpoch = endsEpoch ? 0 : stepInEpoch + 1;
    StepBatch batch = result.batch();
    updates += batch.parts().isEmpty() ? 0 : 1;
    numRowsSeen += batch.rows();
    numInputTokensSeen += batch.examples().stream().mapToLong(Example::length).sum();
    LossSums sums = result.sums();
    stepLoss = sums.meanLoss();
    if (batch.isWeighedByTheModel()) {
      stepLoss = batch.loss();
      sums = new LossSums(stepLoss * sums.tokens(), sums.tokens(), sums.correct(), sums.entropy());
    }
    total = total.plus(sums);
    sinceLog = sinceLog.plus(sums);
    batch.metrics().forEach((name, value) -> metricsSinceLog.merge(name, value, Double::sum));
    stepsSinceLog++;
    gradNorm = result.gradNorm();
    learningRate = result.learningRate();
    reported = false;
  }

  /** The mean loss of some steps, which is 0 where there was nothing to learn. */
  static double meanLoss(LossSums sums, int steps) {
    return steps > 0 && sums.tokens() == 0 ? 0 : sums.meanLoss();
  }

  /** The means of the objective's metrics since the last row of the log. */
  Map<String, Double> metrics() {
    Map<String, Double> means = new TreeMap<>(metricsSinceLog);
    means.replaceAll((name, sum) -> sum / stepsSinceLog);
    return means;
  }

  /** Begins a new row of the log. */
  void clearSinceLog() {
    sinceLog = LossSums.NONE;
    metricsSinceLog.clear();
    stepsSinceLog = 0;
  }

  /** Counts an evaluation. */
  void addEvaluation(double loss, double threshold) {
    boolean first = Double.isNaN(bestMetric);
    boolean better = first || loss < bestMetric - threshold;
    earlyStoppingPatienceCounter = better ? 0 : earlyStoppingPatienceCounter + 1;
    if (first || loss < bestMetric) {
      bestMetric = loss;
      bestGlobalStep = globalStep;
    }
  }

  /** The log's row of the last step, if it has one. */
  Optional<TrainingLog.Entry> entry() {
    return logHistory.stream().filter(entry -> entry.step() == globalStep).findAny();
  }

  void write(Path folder) throws IOException {
    Files.writeString(folder.resolve(FILE), GSON.toJson(this) + "\n");
  }

  /**
   * Reads the state of a checkpoint.
   *
   * @throws CheckpointException if it is missing or damaged, or lacks a value
   */
  static TrainerState read(Path folder) {
    Path file = folder.resolve(FILE);
    JsonObject json = JsonFiles.read(file, CheckpointException::new);
    try {
      TrainerState state = GSON.fromJson(json, TrainerState.class);
      if (!GSON.toJsonTree(state).getAsJsonObject().keySet().equals(json.keySet())) {
        throw new JsonParseException("Values are missing, or there are others.");
      }
      state.folder = folder;
      return state;
    } catch (JsonParseException e) {
      throw new CheckpointException(
          file + " is damaged, or of another version of this library: begin anew with train().", e);
    }
  }
}
