package org.coldstart.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LossSums;
import org.coldstart.model.Machine;

/**
 * One run of the trainer: the step it repeats, and the evaluation, log and checkpoint after it. It can be left between
 * two steps and resumed.
 */
final class TrainingRun implements AutoCloseable {

  private final CausalLm model;
  private final SftConfig config;
  private final Objective<?> objective;
  private final TrainerState state;
  private final Optimizer optimizer;
  private final Checkpoints checkpoints;
  private final Failures failures;
  private final int totalSteps;

  private List<TrainingListener> listeners;
  private TrainingStep step;
  private boolean interrupted;
  private long countedUpTo;

  TrainingRun(CausalLm model, SftConfig config, Objective<?> objective, TrainerState state, Optimizer optimizer,
      Checkpoints checkpoints) {
    this.model = model;
    this.config = config;
    this.objective = objective;
    this.state = state;
    this.optimizer = optimizer;
    this.checkpoints = checkpoints;
    this.failures = new Failures(objective, config, state);
    this.totalSteps = objective.totalSteps(config);
  }

  /**
   * Trains to the end or until the thread is interrupted.
   *
   * @throws TrainingException if it cannot go on
   */
  TrainingResult run(TrainingListener... all) {
    listeners = List.of(all);
    interrupted = false;
    countedUpTo = System.nanoTime();
    checkpoints.forgetLost(state);
    try (ForwardBackward pass = model.trainingPass(config.precision(), config.gradientCheckpointing())) {
      step = new TrainingStep(model, pass, optimizer, config, totalSteps, failures);
      train();
      TrainingResult result = result();
      notifyAll(listener -> listener.onEnd(result));
      return result;
    } catch (CheckpointException e) {
      throw failures.betweenSteps(e.getMessage(), e);
    } catch (RuntimeException | OutOfMemoryError e) {
      if (Failures.isOutOfMemory(e)) {
        throw failures.outOfMemory(e);
      }
      throw e;
    } finally {
      state.seconds = seconds();
    }
  }

  private void train() {
    if (state.globalStep == 0 && state.logHistory.isEmpty()) {
      evaluateUntrained();
    } else {
      notifyAll(listener -> listener.onResume(progress(), log()));
    }
    if (!state.reported) {
      report(); // what an interrupt or a full disk has cut short
    }
    while (goesOn()) {
      trainEpoch(objective);
    }
    boolean unsaved = state.globalStep > 0 && !state.savedSteps.contains(state.globalStep);
    if (interrupted() && checkpoints.enabled() && unsaved) {
      Path saved = save();
      notifyAll(listener -> listener.onSave(saved));
    }
  }

  /** The steps of an epoch from the next on. */
  private <R> void trainEpoch(Objective<R> rows) {
    List<List<R>> steps = rows.steps(state.epochIndex);
    for (int i = state.stepInEpoch; i < steps.size() && goesOn(); i++) {
      long start = System.nanoTime();
      Optional<TrainingStep.Result> result = weigh(rows, steps.get(i)).flatMap(it -> step.take(it, state.globalStep));
      if (result.isPresent()) {
        state.addStep(result.get(), i == steps.size() - 1);
        state.trainingSeconds += (System.nanoTime() - start) / 1e9;
        report();
      }
    }
  }

  private <R> Optional<StepBatch> weigh(Objective<R> rows, List<R> of) {
    try {
      return Optional.of(rows.weigh(of, state, failures));
    } catch (CancellationException e) {
      interrupted = true;
      return Optional.empty();
    }
  }

  private boolean goesOn() {
    return !interrupted() && state.globalStep < totalSteps && !stopsEarly();
  }

  private boolean interrupted() {
    interrupted |= Thread.interrupted();
    return interrupted;
  }

  private boolean stopsEarly() {
    int patience = config.earlyStoppingPatience();
    return patience > 0 && state.earlyStoppingPatienceCounter >= patience;
  }

  /** So that the curve starts at the untrained model, which is no candidate for the best. */
  private void evaluateUntrained() {
    evaluate().ifPresent(sums -> state.logHistory.add(entry(sums)));
    state.entry().ifPresent(entry -> notifyAll(listener -> listener.onLog(entry)));
  }

  /** The held-out rows' loss; empty if there are none, and after an interrupt, which stays pending. */
  private Optional<LossSums> evaluate() {
    return objective.evaluates() ? objective.evaluate() : Optional.empty();
  }

  /**
   * What follows a step: evaluation, log and checkpoint, and last the listeners, so that one that fails costs none of
   * these.
   */
  private void report() {
    boolean last = state.globalStep == totalSteps;
    // There already if its checkpoint could not be written, hence no listener was notified of it.
    if (state.entry().isEmpty() && !evaluateAndLog(last)) {
      return; // interrupted; the resumed run evaluates
    }
    state.reported = true;
    Optional<Path> saved = saveIfDue(last || stopsEarly());
    state.entry().ifPresent(entry -> notifyAll(listener -> listener.onLog(entry)));
    notifyAll(listener -> listener.onStep(progress()));
    saved.ifPresent(folder -> notifyAll(listener -> listener.onSave(folder)));
  }

  /** Evaluates and logs what is due; false if interrupted before it is measured. */
  private boolean evaluateAndLog(boolean last) {
    boolean evaluates = objective.evaluates() && (last || isDue(config.evalSteps()));
    Optional<LossSums> sums = evaluates ? evaluate() : Optional.empty();
    if (evaluates && sums.isEmpty()) {
      return false;
    }
    sums.ifPresent(it -> state.addEvaluation(it.meanLoss(), config.earlyStoppingThreshold()));
    if (evaluates || last || isDue(config.loggingSteps())) {
      state.logHistory.add(entry(sums.orElse(LossSums.NONE)));
      state.clearSinceLog();
    }
    return true;
  }

  /** Whether that many steps have passed again; with 0, whether an epoch has. */
  private boolean isDue(int steps) {
    return steps > 0 ? state.globalStep % steps == 0 : state.stepInEpoch == 0;
  }

  private Optional<Path> saveIfDue(boolean last) {
    boolean due = switch (config.saveStrategy()) {
    case NO -> false;
    case STEPS -> last || isDue(config.saveSteps());
    case EPOCH -> last || isDue(0);
    };
    boolean best = config.loadBestModelAtEnd() && state.bestGlobalStep == state.globalStep;
    if (!checkpoints.enabled() || !(due || best)) {
      return Optional.empty();
    }
    try {
      return Optional.of(save());
    } catch (CheckpointException e) {
      state.reported = false; // the resumed run tries again
      throw e;
    }
  }

  /** An interrupt breaks the writing off; it ends the run, but once the checkpoint is there. */
  private Path save() {
    interrupted(); // else the first write fails
    state.seconds = seconds();
    countedUpTo = System.nanoTime();
    try {
      return checkpoints.save(state, optimizer);
    } catch (CheckpointException e) {
      if (!Thread.interrupted()) {
        throw e;
      }
      interrupted = true;
      return checkpoints.save(state, optimizer);
    }
  }

  private double seconds() {
    return state.seconds + (System.nanoTime() - countedUpTo) / 1e9;
  }

  private double secondsLeft() {
    int done = state.globalStep;
    return done == 0 ? Double.NaN : seconds() / done * (totalSteps - done);
  }

  private double tokensPerSecond() {
    return state.numInputTokensSeen / state.trainingSeconds;
  }

  private TrainingListener.Step progress() {
    return new TrainingListener.Step(state.globalStep, totalSteps, state.stepLoss, tokensPerSecond(), secondsLeft());
  }

  /** A row of the log; where nothing was evaluated, the means of no tokens are NaN. */
  private TrainingLog.Entry entry(LossSums evaluation) {
    double peak = Machine.peakResidentBytes().stream().asDoubleStream().findAny().orElse(Double.NaN);
    return new TrainingLog.Entry(state.globalStep, (double) state.numRowsSeen / objective.rows(),
        TrainerState.meanLoss(state.sinceLog, state.stepsSinceLog), evaluation.meanLoss(), state.learningRate,
        state.gradNorm, tokensPerSecond(), state.sinceLog.meanTokenAccuracy(), state.sinceLog.meanEntropy(),
        evaluation.meanTokenAccuracy(), state.numInputTokensSeen, secondsLeft(), peak, state.metrics());
  }

  /** The log of an interrupted run ends with what was not due yet. */
  private TrainingLog log() {
    List<TrainingLog.Entry> entries = new ArrayList<>(state.logHistory);
    if (interrupted && state.stepsSinceLog > 0) {
      entries.add(entry(LossSums.NONE));
    }
    return new TrainingLog(entries);
  }

  /** Loads the best weights first, if that is asked for. */
  private TrainingResult result() {
    double evalLoss = state.entry().map(TrainingLog.Entry::evalLoss).orElse(Double.NaN);
    if (config.loadBestModelAtEnd() && !interrupted && state.bestGlobalStep > 0) {
      checkpoints.loadWeights(checkpoints.folder(state.bestGlobalStep));
      evalLoss = state.bestMetric;
    }
    return new TrainingResult(state.globalStep, state.numRowsSeen, state.numInputTokensSeen, seconds(),
        tokensPerSecond(), TrainerState.meanLoss(state.total, state.globalStep), evalLoss, Machine.peakResidentBytes(),
        interrupted, stopsEarly(), TrainingResult.trained(model), Optional.ofNullable(failures.lastCheckpoint()),
        Stream.of(state.bestGlobalStep).filter(state.savedSteps::contains).map(checkpoints::folder).findAny(), log());
  }

  /** Every listener is notified, even after one that failed. */
  private void notifyAll(Consumer<TrainingListener> event) {
    TrainingException failure = null;
    for (TrainingListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (RuntimeException | OutOfMemoryError e) {
        String reason = "The listener " + listener.getClass().getName() + " failed: " + e;
        failure = failure == null ? failures.betweenSteps(reason, e) : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
