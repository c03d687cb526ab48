package org.coldstart.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.coldstart.data.Example;
import org.coldstart.io.torch.NativeMemory;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/**
 * What {@link SftTrainer}, {@link DpoTrainer} and {@link GrpoTrainer} have in common: running, being stopped, and going
 * on.
 *
 * <p>
 * What is trained are all weights, those chosen with {@link CausalLm#setTrainable}, or an adapter that is attached.
 *
 * <p>
 * Interrupting the thread ends the run after the micro-batch at hand; the model then holds what was reached,
 * {@link TrainingResult#interrupted} is true, and {@link #resume(TrainingListener...) resume} goes on from there. A
 * notebook's cell counts as stopped before that, so what trains, generates with, saves or closes the model next waits
 * for the run's end.
 *
 * <p>
 * A run that was saved and resumed takes the same steps, to the bit, as one left alone. The same seed on the same
 * machine with as many threads gives the same weights.
 */
public abstract sealed class Trainer permits SftTrainer, DpoTrainer, GrpoTrainer {

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final SftConfig config;
  final Objective<?> objective;

  /** Left between two steps, with the optimizer's native memory. */
  private final AtomicReference<TrainingRun> stopped = new AtomicReference<>();

  private TrainingResult result;

  Trainer(CausalLm model, Tokenizer tokenizer, SftConfig config, Objective<?> objective) {
    model.trainable().requireF32();
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.objective = objective;
    if (objective.rows() == 0) {
      throw new IllegalArgumentException("There is no row to train on.");
    }
    if (!objective.evaluates() && (config.loadBestModelAtEnd() || config.earlyStoppingPatience() > 0)) {
      throw new IllegalArgumentException(
          "loadBestModelAtEnd and earlyStoppingPatience go by the eval loss, and there are no evaluation rows.");
    }
    if (config.outputDir() != null) {
      model.checkFits(tokenizer);
    }
    AtomicReference<TrainingRun> run = stopped; // for what frees it must not hold this trainer
    NativeMemory.of(this, () -> close(run));
  }

  /** Refuses rows that cannot be trained on, naming the first. */
  static void check(CausalLm model, Tokenizer tokenizer, SftConfig config, List<Example> examples, String which) {
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      String row = which + " " + (i + 1);
      model.checkHasRows(tokenizer, example.ids());
      if (example.keptTokens() == 0) {
        throw new IllegalArgumentException(row + " has no token that carries loss.");
      }
      if (example.length() > config.maxLength()) {
        throw new IllegalArgumentException(
            "%s has %d tokens, more than maxLength %d; let ExampleBuilder leave such rows out.".formatted(row,
                example.length(), config.maxLength()));
      }
    }
  }

  /** Refuses a reference, if there is one, that has other tokens than the model. */
  static void checkVocabulary(CausalLm model, CausalLm reference) {
    if (reference != null && reference.config().vocabSize() != model.config().vocabSize()) {
      throw new IllegalArgumentException(
          "The reference has a vocabulary of %d tokens, the model one of %d: resize the smaller one's embeddings."
            .formatted(reference.config().vocabSize(), model.config().vocabSize()));
    }
  }

  /** The optimizer steps a full run takes. */
  public int totalSteps() {
    return objective.totalSteps(config);
  }

  /**
   * Trains from the first step to the end, or until the thread is interrupted.
   *
   * @param listeners notified as the run goes
   * @throws TrainingException if the run cannot go on: the loss is no longer a number, memory or disk ran out, or a
   * listener failed; it names the step and the last checkpoint
   */
  public TrainingResult train(TrainingListener... listeners) {
    synchronized (model) {
      close(stopped);
      TrainerState state = new TrainerState();
      Failures failures = new Failures(objective, config, state);
      return run(Failures.withMemory(() -> newRun(state, checkpoints()), failures::outOfMemory), listeners);
    }
  }

  /**
   * Goes on where the last run of this trainer was stopped, by an interrupt, a full disk or a listener; if there was
   * none, from the newest checkpoint in {@code outputDir} that is of a run with these settings and rows.
   *
   * @throws IllegalStateException if there is neither such a run nor any checkpoint
   * @throws IllegalArgumentException if all checkpoints are of other runs, naming what differs in the one of the most
   * steps
   * @throws org.coldstart.io.files.CheckpointException if none can be read
   */
  public TrainingResult resume(TrainingListener... listeners) {
    synchronized (model) {
      if (stopped.get() != null) {
        return run(stopped.get(), listeners);
      }
      String nothing = "There is nothing to resume: no stopped run and no checkpoint in " + config.outputDir()
          + "; begin with train().";
      return resume(checkpoints().newest().orElseThrow(() -> new IllegalStateException(nothing)), listeners);
    }
  }

  /**
   * Goes on from a checkpoint: its weights, optimizer and place in the data replace what is there, and the run takes
   * the steps it would have taken without the break.
   *
   * @param checkpoint a folder that a run saved, such as {@code checkpoint-200}
   * @throws IllegalArgumentException if that run had other settings or data, or trained an adapter or rows on another
   * model, naming what differs; what only watches or saves a run may differ
   * @throws org.coldstart.io.files.CheckpointException if the folder is no such checkpoint
   */
  public TrainingResult resume(Path checkpoint, TrainingListener... listeners) {
    synchronized (model) {
      close(stopped);
      Checkpoints checkpoints = checkpoints();
      return run(Failures.resuming(checkpoint, () -> newRun(checkpoints.load(checkpoint), checkpoints)), listeners);
    }
  }

  private TrainingRun newRun(TrainerState state, Checkpoints checkpoints) {
    Optimizer optimizer = Optimizer.of(model.trainableParameters(), config);
    try {
      Checkpoints.restore(state, optimizer);
      return new TrainingRun(model, config, objective, state, optimizer, checkpoints);
    } catch (RuntimeException | OutOfMemoryError e) {
      optimizer.close();
      throw e;
    }
  }

  /**
   * What the last run came to, for the cell after one that was stopped; waits for a run that is still at its last
   * batch.
   *
   * @throws IllegalStateException if no run has come to an end or to a stop
   */
  public TrainingResult result() {
    synchronized (model) {
      if (result == null) {
        throw new IllegalStateException("There is no result yet; begin with train().");
      }
      return result;
    }
  }

  /** The checkpoint of the most steps in an output folder. */
  public static Optional<Path> lastCheckpoint(Path outputDir) {
    return Checkpoints.last(outputDir);
  }

  private Checkpoints checkpoints() {
    return new Checkpoints(model, tokenizer, config, objective.fingerprint());
  }

  private TrainingResult run(TrainingRun run, TrainingListener... listeners) {
    boolean canResume = false;
    result = null;
    stopped.set(run);
    try {
      result = run.run(listeners);
      canResume = result.interrupted();
      return result;
    } catch (TrainingException e) {
      canResume = e.canResume();
      throw e;
    } finally {
      if (!canResume) {
        close(stopped);
      }
    }
  }

  private static void close(AtomicReference<TrainingRun> run) {
    TrainingRun old = run.getAndSet(null);
    if (old != null) {
      old.close();
    }
  }
}
