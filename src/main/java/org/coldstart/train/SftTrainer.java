package org.coldstart.train;

import java.lang.ref.Cleaner;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.coldstart.model.DType;
import org.coldstart.data.Example;
import org.coldstart.generate.Generator;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Supervised fine-tuning: shows the model examples and moves all its weights towards the kept
 * tokens.
 *
 * <pre>{@code
 * TrainingResult result = new SftTrainer(model, tokenizer, config, train, test).train();
 * result.log().toTable();
 * }</pre>
 *
 * <p>One optimizer step sees {@code gradientAccumulationSteps} batches. Its loss is the sum over
 * the kept tokens of all of them divided by their number, so that four batches of one row and one
 * batch of four rows are the same step. Interrupting the thread ends the run after the batch at
 * hand; the model then holds what was reached, the result says so, and {@link #resume() resume}
 * goes on from there. A notebook's cell counts as stopped before that batch is through, so what
 * trains, writes with, saves or closes the model next waits for the run's end.
 *
 * <p>A run that was saved and resumed takes the same steps, to the bit, as one left alone. The same
 * seed on the same machine with as many threads gives the same weights.
 */
public final class SftTrainer {

  private static final Cleaner CLEANER = Cleaner.create();

  /** A run that was left between two steps; native memory, hence freed with the trainer. */
  private static final class Stopped implements Runnable {
    private TrainingRun run;

    @Override
    public synchronized void run() {
      replace(null);
    }

    synchronized void replace(TrainingRun other) {
      if (run != null && run != other) {
        run.close();
      }
      run = other;
    }

    synchronized TrainingRun get() {
      return run;
    }
  }

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final SftConfig config;
  private final TrainingData data;
  private final Stopped stopped = new Stopped();
  private SamplePrompts prompts;
  private TrainingResult result;

  /**
   * A trainer.
   *
   * @param train rows to learn from, none longer than {@code maxLength}, each with a kept token
   * @param eval rows the loss is watched on; may be empty
   * @throws IllegalArgumentException if a row carries no loss or is too long (naming it), or the
   *     configuration watches an eval loss and there are no rows for it
   */
  public SftTrainer(
      CausalLm model,
      Tokenizer tokenizer,
      SftConfig config,
      List<Example> train,
      List<Example> eval) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.data = new TrainingData(train, eval, config);
    check(train, "Training");
    check(eval, "Evaluation");
    if (train.isEmpty()) {
      throw new IllegalArgumentException("There is no row to train on.");
    }
    if (eval.isEmpty() && (config.loadBestModelAtEnd() || config.earlyStoppingPatience() > 0)) {
      throw new IllegalArgumentException(
          "loadBestModelAtEnd and earlyStoppingPatience go by the eval loss, and there are no"
              + " evaluation rows.");
    }
    if (config.outputDir() != null) {
      model.checkFits(tokenizer);
    }
    if (model.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "The model's weights are held in "
              + model.dtype()
              + ", which loses the small steps of training; load it in F32 and choose"
              + " precision(Precision.BF16) for speed.");
    }
    CLEANER.register(this, stopped);
  }

  private void check(List<Example> examples, String which) {
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      model.checkHasRows(tokenizer, example.ids());
      if (example.keptTokens() == 0) {
        throw new IllegalArgumentException(
            which + " row " + (i + 1) + " has no token that carries loss.");
      }
      if (example.length() > config.maxLength()) {
        throw new IllegalArgumentException(
            which
                + " row "
                + (i + 1)
                + " has "
                + example.length()
                + " tokens, more than maxLength "
                + config.maxLength()
                + "; let ExampleBuilder leave such rows out.");
      }
    }
  }

  /** The optimizer steps a full run takes. */
  public int totalSteps() {
    return data.totalSteps();
  }

  /**
   * Has the model answer prompts while it trains; the answers go to the log and the listeners.
   *
   * @return this trainer
   */
  public SftTrainer sample(SamplePrompts samplePrompts) {
    prompts = samplePrompts;
    return this;
  }

  /**
   * Trains from the first step to the end, or until the thread is interrupted.
   *
   * @param listeners told of the run as it goes
   * @throws TrainingException if the run cannot go on: the loss is no longer a number, memory or
   *     disk ran out, or a listener failed; it names the step and the last checkpoint
   */
  public TrainingResult train(TrainingListener... listeners) {
    synchronized (model) {
      stopped.replace(null);
      return run(newRun(new TrainerState(), optimizer(), files()), listeners);
    }
  }

  /**
   * Goes on where the last run of this trainer was stopped, by an interrupt, a full disk or a
   * listener; if there was none, from the newest checkpoint in {@code outputDir} that is of a run
   * with these settings and rows.
   *
   * @throws IllegalStateException if there is neither such a run nor any checkpoint
   * @throws IllegalArgumentException if all checkpoints are of other runs, naming what differs in
   *     the one of the most steps
   * @throws org.coldstart.io.files.CheckpointException if none can be read
   */
  public TrainingResult resume(TrainingListener... listeners) {
    synchronized (model) {
      if (stopped.get() != null) {
        return run(stopped.get(), listeners);
      }
      RunFiles files = files();
      Path checkpoint =
          files
              .newest()
              .or(files::last)
              .orElseThrow(
                  () ->
                      new IllegalStateException(
                          "There is nothing to resume: no stopped run and no checkpoint in "
                              + config.outputDir()
                              + "; begin with train()."));
      return resume(checkpoint, files, listeners);
    }
  }

  /**
   * Goes on from a checkpoint: its weights, optimizer and place in the data replace what is there,
   * and the run takes the steps it would have taken without the break.
   *
   * @param checkpoint a folder that a run saved, such as {@code checkpoint-200}
   * @throws IllegalArgumentException if that run had other settings or data, or trained an adapter
   *     or rows on another model, naming what differs; what only watches or saves a run may differ
   * @throws org.coldstart.io.files.CheckpointException if the folder is no such checkpoint
   */
  public TrainingResult resume(Path checkpoint, TrainingListener... listeners) {
    synchronized (model) {
      stopped.replace(null);
      return resume(checkpoint, files(), listeners);
    }
  }

  private TrainingResult resume(Path checkpoint, RunFiles files, TrainingListener... listeners) {
    return run(Failures.resuming(checkpoint, () -> restored(checkpoint, files)), listeners);
  }

  private TrainingRun restored(Path checkpoint, RunFiles files) {
    TrainerState state = files.load(checkpoint);
    Optimizer optimizer = Optimizer.of(model.trainableParameters(), config);
    try {
      RunFiles.restore(checkpoint, optimizer, state.step);
      return newRun(state, optimizer, files);
    } catch (RuntimeException | OutOfMemoryError e) {
      optimizer.close();
      throw e;
    }
  }

  /**
   * What the last run came to; waits for a stopped run that is still at its last batch. A cell that
   * is stopped ends without a value, and this is where the next one finds it.
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

  private RunFiles files() {
    RunFingerprint identity = RunFingerprint.of(config, data, model);
    return new RunFiles(model, tokenizer, identity, config);
  }

  private Optimizer optimizer() {
    return Failures.roomFor(
        () -> Optimizer.of(model.trainableParameters(), config),
        cause -> new Failures(data, config).outOfMemory(0, null, cause));
  }

  private TrainingRun newRun(TrainerState state, Optimizer optimizer, RunFiles files) {
    Generator generator = new Generator(model, tokenizer);
    return new TrainingRun(model, generator, config, data, state, optimizer, files);
  }

  private TrainingResult run(TrainingRun run, TrainingListener... listeners) {
    boolean goesOnLater = false;
    result = null;
    try (ForwardBackward pass =
        model.trainingPass(config.precision(), config.gradientCheckpointing())) {
      result = run.run(pass, prompts, new Listeners(listeners));
      goesOnLater = result.interrupted();
      return result;
    } catch (TrainingException e) {
      goesOnLater = e.canResume();
      throw e;
    } catch (RuntimeException | OutOfMemoryError e) {
      if (Failures.isOutOfMemory(e)) {
        throw run.outOfMemory(e);
      }
      throw e;
    } finally {
      stopped.replace(run);
      if (!goesOnLater) {
        stopped.replace(null);
      }
    }
  }
}
