package org.coldstart.train;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Saves and restores a run: weights and tokenizer as any checkpoint has them, {@code
 * optimizer.safetensors}, and {@code trainer_state.json} with the rest.
 */
final class RunFiles {

  /** An adapter's tensors or trained rows; the weights beside it have them merged. */
  private static final String TRAINED_FILE = "trained.safetensors";

  private static final String OPTIMIZER_FILE = "optimizer.safetensors";

  /** Where the state says which weights lay under what was trained. */
  private static final String BASE_WEIGHTS = "base_weights";

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final RunFingerprint identity;
  private final SftConfig config;
  private final Checkpoints checkpoints;

  /** NaN until it is wanted, for all weights are read for it. */
  private double baseWeights = Double.NaN;

  RunFiles(CausalLm model, Tokenizer tokenizer, RunFingerprint identity, SftConfig config) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.identity = identity;
    this.config = config;
    this.checkpoints = config.outputDir() == null ? null : new Checkpoints(config.outputDir());
  }

  boolean enabled() {
    return checkpoints != null;
  }

  Path folder(int step) {
    return checkpoints.folder(step);
  }

  /** Saves the run as it stands, then deletes what {@code saveTotalLimit} no longer holds. */
  Path save(TrainerState state, Optimizer optimizer) {
    List<Integer> before = List.copyOf(state.saved);
    state.saved.remove((Integer) state.step);
    state.saved.add(state.step);
    try {
      Path folder = checkpoints.save(state.step, aside -> write(aside, state, optimizer));
      rotate(state);
      return folder;
    } catch (RuntimeException e) {
      state.saved.clear();
      state.saved.addAll(before);
      throw e;
    }
  }

  private void write(Path folder, TrainerState state, Optimizer optimizer) {
    Pretrained.save(folder, model, tokenizer);
    if (!areWeights()) {
      OptimizerFile.write(folder.resolve(TRAINED_FILE), model.trainableParameters());
    }
    OptimizerFile.write(folder.resolve(OPTIMIZER_FILE), optimizer.state());
    JsonObject json = state.toJson();
    json.add("run", identity.toJson());
    LogJson.add(json, BASE_WEIGHTS, baseWeights());
    AtomicFiles.writeString(
        folder.resolve(Checkpoints.STATE_FILE),
        new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(json) + "\n");
  }

  /** Whether what is trained are the model's own weights, not an adapter or rows of their own. */
  private boolean areWeights() {
    return model.parameters().keySet().containsAll(model.trainableParameters().keySet());
  }

  /** Tells what the checkpoints do not bring back; NaN where they bring all weights. */
  private double baseWeights() {
    if (Double.isNaN(baseWeights) && !areWeights()) {
      baseWeights = BaseModelChecksum.sum(model);
    }
    return baseWeights;
  }

  private void loadWeights(Path folder) {
    if (areWeights()) {
      model.loadWeights(folder);
    } else {
      OptimizerFile.read(folder.resolve(TRAINED_FILE), model.trainableParameters());
      model.trainable().writeTokens();
    }
  }

  /** The newest stay, and the best. */
  private void rotate(TrainerState state) {
    int surplus = config.saveTotalLimit() == 0 ? 0 : state.saved.size() - config.saveTotalLimit();
    for (int step : List.copyOf(state.saved)) {
      if (surplus-- > 0 && step != state.bestStep) {
        try {
          checkpoints.delete(step);
        } catch (IOException e) {
          throw new CheckpointException("Cannot delete " + folder(step) + ": " + e + ".", e);
        }
        state.saved.remove((Integer) step);
      }
    }
  }

  /** What a checkpoint says of itself. */
  private record Saved(Path folder, TrainerState state, RunFingerprint identity, double baseWeights) {

    static Saved read(Path folder) {
      Path file = folder.resolve(Checkpoints.STATE_FILE);
      JsonObject json = JsonFiles.read(file, CheckpointException::new);
      try {
        return new Saved(
            folder,
            TrainerState.fromJson(json),
            RunFingerprint.fromJson(json.getAsJsonObject("run")),
            LogJson.get(json, BASE_WEIGHTS));
      } catch (RuntimeException e) {
        throw new CheckpointException(file + " is damaged: " + e.getMessage() + ".", e);
      }
    }

    static Stream<Saved> readIfWhole(Path folder) {
      try {
        return Stream.of(read(folder));
      } catch (CheckpointException e) {
        return Stream.empty();
      }
    }
  }

  /** How a checkpoint's run differs from this one: empty where it is this one. */
  private List<String> differences(Saved saved) {
    List<String> differences = identity.differencesFrom(saved.identity());
    if (BaseModelChecksum.differ(saved.baseWeights(), baseWeights())) {
      differences.add("the model's weights under what is trained were others than they are now");
    }
    return differences;
  }

  /**
   * The newest checkpoint of this run in the output folder; of a run that was begun several times,
   * the newest of the last time.
   */
  Optional<Path> newest() {
    return readable()
        .filter(saved -> differences(saved).isEmpty())
        .max(
            Comparator.comparing((Saved saved) -> saved.state().begun)
                .thenComparing(saved -> saved.state().step))
        .map(Saved::folder);
  }

  /**
   * The checkpoint of the most steps, whosever it is; one that cannot be read only for want of
   * others.
   */
  Optional<Path> last() {
    return readable()
        .max(Comparator.comparing(saved -> saved.state().step))
        .map(Saved::folder)
        .or(() -> enabled() ? Checkpoints.last(config.outputDir()) : Optional.empty());
  }

  private Stream<Saved> readable() {
    return enabled()
        ? Checkpoints.all(config.outputDir()).stream().flatMap(Saved::readIfWhole)
        : Stream.empty();
  }

  /**
   * The state saved in a checkpoint, whose weights are put back; the optimizer is left to {@link
   * #restore}.
   *
   * @throws CheckpointException if it is no checkpoint of a run, or damaged
   * @throws IllegalArgumentException if it is one of another run, naming what differs
   */
  TrainerState load(Path folder) {
    Saved saved = Saved.read(folder);
    List<String> differences = differences(saved);
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          folder
              + " belongs to another run: "
              + String.join("; ", differences)
              + ". Resume with what it was begun with, or begin anew with train().");
    }
    loadWeights(folder);
    TrainerState state = saved.state();
    state.stopEarlyBy(config.earlyStoppingPatience()); // it may be another one now
    return state;
  }

  /** Counts no longer on checkpoints that were deleted, or replaced by another run's. */
  void forgetLost(TrainerState state) {
    state.saved.removeIf(step -> !holds(step, state));
    boolean yetToBeSaved = !state.reported && state.bestStep == state.step;
    if (config.loadBestModelAtEnd() && !state.saved.contains(state.bestStep) && !yetToBeSaved) {
      state.bestStep = 0;
      state.bestMetric = Double.NaN;
    }
  }

  /** Whether the checkpoint of a step is still there and none that another run put in its place. */
  private boolean holds(int step, TrainerState run) {
    return enabled()
        && Saved.readIfWhole(folder(step))
            .anyMatch(
                saved -> differences(saved).isEmpty() && saved.state().begun.equals(run.begun));
  }

  /** Puts the optimizer's state back. */
  static void restore(Path folder, Optimizer optimizer, int steps) {
    OptimizerFile.read(folder.resolve(OPTIMIZER_FILE), optimizer.state());
    optimizer.continueAt(steps);
  }

  /** Puts the best checkpoint's weights into the model. */
  void loadBest(TrainerState state) {
    loadWeights(folder(state.bestStep));
  }
}
