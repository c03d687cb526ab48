package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.util.Utils;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Pretrained;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Saves and restores a run: the folders {@code checkpoint-N} of its output folder. Each holds weights and tokenizer as
 * any checkpoint does, {@code optimizer.safetensors} and {@code trainer_state.json}. It appears and disappears by one
 * rename, so that a process killed at any moment leaves whole checkpoints only. A run resumes from its own: those of
 * the same recipe, rows and trained parameters.
 */
final class Checkpoints {

  private static final Logger LOG = System.getLogger(Checkpoints.class.getName());

  private static final String OPTIMIZER_FILE = "optimizer.safetensors";

  /** An adapter's tensors or rows trained on their own; the weights beside it have them merged. */
  private static final String TRAINED_FILE = "trained.safetensors";

  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,9})");

  /** A folder being written or deleted, with the {@link #id} of the process that does. */
  private static final Pattern UNFINISHED = Pattern.compile("\\.checkpoint-\\d+\\.(\\d+-\\d+)-\\d+\\.tmp");

  /** Relative difference of two checksums of the same weights: merging an adapter rounds them. */
  private static final double ROUNDING = 1e-8;

  /** Weights read at a time for the checksum. */
  private static final long CHUNK = 1 << 20;

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final SftConfig config;

  /** What decides which weights a run ends with. */
  private final Map<String, String> fingerprint;

  /** NaN until it is needed, for all weights are read for it. */
  private double baseModelChecksum = Double.NaN;

  /** Of a run with an objective's fingerprint. */
  Checkpoints(CausalLm model, Tokenizer tokenizer, SftConfig config, Map<String, String> objective) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.fingerprint = new LinkedHashMap<>(objective);
    Map<String, NDArray> trained = model.trainableParameters();
    long values = trained.values().stream().mapToLong(NDArray::size).sum();
    fingerprint.put("trained parameters", values + " values of tensors " + trained.keySet().hashCode());
    fingerprint.put("adapter", model.adapter().map(a -> a.config().toString()).orElse("none"));
  }

  boolean enabled() {
    return config.outputDir() != null;
  }

  Path folder(int step) {
    return folder(config, step);
  }

  static Path folder(SftConfig config, int step) {
    return config.outputDir().resolve("checkpoint-" + step);
  }

  /** The checkpoint of the most steps in an output folder, whichever run's it is. */
  static Optional<Path> last(Path outputDir) {
    return all(outputDir).max(Comparator.comparingInt(Checkpoints::step));
  }

  /** All from which some run can resume. */
  private static Stream<Path> all(Path outputDir) {
    return list(outputDir).stream().filter(it -> step(it) >= 0 && Files.exists(it.resolve(TrainerState.FILE)));
  }

  private static List<Path> list(Path outputDir) {
    if (outputDir == null || !Files.isDirectory(outputDir)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(outputDir)) {
      return files.toList();
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + outputDir + ": " + e + ".", e);
    }
  }

  private static int step(Path folder) {
    Matcher name = NAME.matcher(folder.getFileName().toString());
    return name.matches() ? Integer.parseInt(name.group(1)) : -1;
  }

  /**
   * Saves the run, then deletes what {@code saveTotalLimit} no longer keeps.
   *
   * @throws CheckpointException if it cannot be written; the other checkpoints stay as they were
   */
  Path save(TrainerState state, Optimizer optimizer) {
    int step = state.globalStep;
    Path unfinished = unfinished(step);
    try {
      deleteLeftovers();
      AtomicFiles.writeFolder(unfinished, files -> write(files, state, optimizer));
      delete(step); // another run's
      Files.move(unfinished, folder(step), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CheckpointException("Cannot write " + folder(step) + ": " + e + ".", e);
    } finally {
      Utils.deleteQuietly(unfinished);
    }
    state.savedSteps.add(step);
    rotate(state);
    return folder(step);
  }

  private void write(Path folder, TrainerState state, Optimizer optimizer) throws IOException {
    Pretrained.save(folder, model, tokenizer);
    if (!trainsItsWeights()) {
      StateTensors.write(folder.resolve(TRAINED_FILE), model.trainableParameters());
    }
    StateTensors.write(folder.resolve(OPTIMIZER_FILE), optimizer.state());
    state.fingerprint = fingerprint;
    state.baseModelChecksum = baseModelChecksum();
    state.write(folder);
  }

  /** Whether what is trained are the model's own weights, not an adapter or rows on their own. */
  private boolean trainsItsWeights() {
    return model.parameters().keySet().containsAll(model.trainableParameters().keySet());
  }

  private Path unfinished(int step) {
    String owner = id(ProcessHandle.current()) + "-" + System.nanoTime();
    return config.outputDir().resolve(".checkpoint-" + step + "." + owner + ".tmp");
  }

  /** With the time of its start, for a restarted container gives the same numbers again. */
  static String id(ProcessHandle process) {
    return process.pid() + "-" + process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** What processes have left that were killed; one that is alive may be at work. */
  private void deleteLeftovers() {
    for (Path file : list(config.outputDir())) {
      Matcher name = UNFINISHED.matcher(file.getFileName().toString());
      if (name.matches() && ProcessHandle.allProcesses().noneMatch(process -> id(process).equals(name.group(1)))) {
        Utils.deleteQuietly(file);
      }
    }
  }

  /** Keeps the newest and the best. */
  private void rotate(TrainerState state) {
    int limit = config.saveTotalLimit() > 0 ? config.saveTotalLimit() : Integer.MAX_VALUE;
    int surplus = state.savedSteps.size() - limit;
    for (int step : List.copyOf(state.savedSteps)) {
      if (surplus-- > 0 && step != state.bestGlobalStep) {
        delete(step);
        state.savedSteps.remove(step);
      }
    }
  }

  private void delete(int step) {
    if (Files.exists(folder(step))) {
      try {
        Utils.deleteQuietly(Files.move(folder(step), unfinished(step), StandardCopyOption.ATOMIC_MOVE));
      } catch (IOException e) {
        throw new CheckpointException("Cannot delete " + folder(step) + ": " + e + ".", e);
      }
    }
  }

  /**
   * The checkpoint to resume from: this run's newest, and where it was begun several times, of the last time. If there
   * is none, that of the most steps, for a message about what differs.
   */
  Optional<Path> newest() {
    List<TrainerState> readable = all(config.outputDir()).flatMap(this::readable).toList();
    return readable.stream()
      .filter(state -> differences(state).isEmpty())
      .max(Comparator.comparingLong((TrainerState state) -> state.startedAt).thenComparing(state -> state.globalStep))
      .or(() -> readable.stream().max(Comparator.comparing(state -> state.globalStep)))
      .map(state -> state.folder)
      .or(() -> last(config.outputDir()));
  }

  private Stream<TrainerState> readable(Path folder) {
    try {
      return Stream.of(TrainerState.read(folder));
    } catch (CheckpointException e) {
      LOG.log(Level.WARNING, "{0} is passed over: {1}", folder, e.getMessage());
      return Stream.empty();
    }
  }

  /** How the run that saved a state differs from this one: empty where it is this one. */
  private List<String> differences(TrainerState saved) {
    List<String> differences = new ArrayList<>();
    fingerprint.forEach((name, now) -> {
      String before = saved.fingerprint.getOrDefault(name, "not known");
      if (!now.equals(before)) {
        differences.add(name + " was " + before + " and is " + now);
      }
    });
    double now = baseModelChecksum();
    if (Math.abs(saved.baseModelChecksum - now) > ROUNDING * now) { // never for NaN
      differences.add("the model's weights under what is trained were others than they are now");
    }
    return differences;
  }

  /**
   * The sum of the absolute values of the weights that are not trained: an adapter, or rows trained on their own, are
   * saved without these and mean nothing on others. NaN where the checkpoint holds all weights.
   */
  private double baseModelChecksum() {
    if (Double.isNaN(baseModelChecksum) && !trainsItsWeights()) {
      baseModelChecksum = 0;
      model.parameters().forEach((name, w) -> baseModelChecksum += isTrained(name) ? 0 : sumOfAbsolutes(w));
    }
    return baseModelChecksum;
  }

  /** Trained rows go by the name of their matrix's module. */
  private boolean isTrained(String weight) {
    String rows = weight.replaceFirst("\\w+$", "token_adapter");
    return model.trainableParameters().keySet().stream().anyMatch(name -> name.equals(weight) || name.contains(rows));
  }

  private static double sumOfAbsolutes(NDArray weight) {
    double sum = 0;
    for (long at = 0; at < weight.size(); at += CHUNK) {
      try (NDArray flat = weight.reshape(weight.size());
          NDArray part = TorchOps.slice(flat, 0, at, Math.min(CHUNK, weight.size() - at))) {
        for (float value : part.toFloatArray()) {
          sum += Math.abs(value);
        }
      }
    }
    return sum;
  }

  /**
   * Puts a checkpoint's weights back.
   *
   * @return its state; the optimizer is left to {@link #restore}
   * @throws CheckpointException if it is no checkpoint of a run, or damaged
   * @throws IllegalArgumentException if it is one of another run, naming what differs
   */
  TrainerState load(Path folder) {
    TrainerState state = TrainerState.read(folder);
    List<String> differences = differences(state);
    if (!differences.isEmpty()) {
      throw new IllegalArgumentException(
          "%s belongs to another run: %s. Resume with what it was begun with, or begin anew with train()."
            .formatted(folder, String.join("; ", differences)));
    }
    loadWeights(folder);
    state.savedSteps.add(state.globalStep);
    return state;
  }

  /** Puts an optimizer's state back, if the run comes from a checkpoint. */
  static void restore(TrainerState state, Optimizer optimizer) {
    if (state.folder != null) {
      StateTensors.read(state.folder.resolve(OPTIMIZER_FILE), optimizer.state());
      optimizer.continueAt(state.updates);
    }
  }

  void loadWeights(Path folder) {
    if (trainsItsWeights()) {
      model.loadWeights(folder);
    } else {
      StateTensors.read(folder.resolve(TRAINED_FILE), model.trainableParameters());
      model.trainable().writeTokens();
    }
  }

  /** Counts no longer on checkpoints that were deleted, or replaced by another run's. */
  void forgetLost(TrainerState state) {
    state.savedSteps.removeIf(step -> !enabled() || !isFrom(state, folder(step)));
    boolean yetToBeSaved = !state.reported && state.bestGlobalStep == state.globalStep;
    if (config.loadBestModelAtEnd() && !state.savedSteps.contains(state.bestGlobalStep) && !yetToBeSaved) {
      state.bestGlobalStep = 0;
      state.bestMetric = Double.NaN;
    }
  }

  private boolean isFrom(TrainerState run, Path folder) {
    return Files.exists(folder.resolve(TrainerState.FILE))
        && readable(folder).anyMatch(it -> it.startedAt == run.startedAt && differences(it).isEmpty());
  }
}
