package org.coldstart.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * One run of the trainer: the step it repeats, and what follows each step. It can be left between
 * two steps and taken up again.
 */
final class TrainingRun implements AutoCloseable {

  private final CausalLm model;
  private final SftConfig config;
  private final TrainingData data;
  private final TrainerState state;
  private final Optimizer optimizer;
  private final RunFiles files;
  private final Failures failures;
  private final Generator generator;
  private final int totalSteps;
  private final int warmupSteps;

  private ForwardBackward pass;
  private SamplePrompts prompts;
  private boolean interrupted;
  private long begin;

  TrainingRun(
      CausalLm model,
      Generator generator,
      SftConfig config,
      TrainingData data,
      TrainerState state,
      Optimizer optimizer,
      RunFiles files) {
    this.model = model;
    this.generator = generator;
    this.config = config;
    this.data = data;
    this.state = state;
    this.optimizer = optimizer;
    this.files = files;
    this.failures = new Failures(data, config);
    this.totalSteps = data.totalSteps();
    this.warmupSteps = config.warmupSteps(totalSteps);
  }

  /** Trains to the end or until the thread is interrupted. */
  TrainingResult run(ForwardBackward trainingPass, SamplePrompts samplePrompts, Listeners listeners) {
    pass = trainingPass;
    prompts = samplePrompts;
    interrupted = false;
    begin = System.nanoTime();
    files.forgetLost(state);
    try {
      train(listeners);
      boolean best = config.loadBestModelAtEnd() && !interrupted && state.bestStep > 0;
      if (best) {
        files.loadBest(state);
      }
      TrainingResult result = result(best ? state.bestMetric : state.evalLoss);
      listeners.onEnd(result);
      return result;
    } catch (Listeners.Failure | CheckpointException e) {
      throw Failures.betweenSteps(state.step, lastCheckpoint(), e);
    } finally {
      state.seconds = seconds();
    }
  }

  private void train(Listeners listeners) {
    if (state.step == 0 && state.log.entries().isEmpty()) {
      evaluateUntrained(listeners);
    } else {
      listeners.onResume(progress(), state.log.copy());
    }
    if (!state.reported) {
      report(listeners); // what an interrupt or a full disk has broken off
    }
    while (goesOn()) {
      epoch(data.steps(state.epoch), listeners);
    }
    if (interrupted()) {
      saveReached(listeners);
    }
  }

  /** The steps of an epoch from the next on. */
  private void epoch(List<List<List<Example>>> steps, Listeners listeners) {
    for (int i = state.stepInEpoch; i < steps.size() && goesOn(); i++) {
      if (step(steps.get(i), i == steps.size() - 1)) {
        report(listeners);
      }
    }
  }

  private boolean goesOn() {
    return state.step < totalSteps && !interrupted && !state.stoppedEarly;
  }

  /** So that the curve starts at the untrained model; it is no candidate for the best. */
  private void evaluateUntrained(Listeners listeners) {
    Optional<LossSums> sums = measure();
    if (sums.isPresent()) {
      state.evalLoss = sums.get().meanLoss();
      TrainingLog.Entry entry = entry(sums);
      state.log.add(entry);
      listeners.onLog(entry);
    }
  }

  /**
   * One optimizer step.
   *
   * @return false if an interrupt came before its end; the weights are then as before
   */
  private boolean step(List<List<Example>> microBatches, boolean endsEpoch) {
    long start = System.nanoTime();
    List<Example> rows = microBatches.stream().flatMap(List::stream).toList();
    long kept = rows.stream().mapToLong(Example::keptTokens).sum();
    LossSums sums = LossSums.NONE;
    if (interrupted()) {
      return false;
    }
    int beginning = roomFor(rows, () -> beginRows(rows));
    for (int i = 0; i < microBatches.size(); i++) {
      if (interrupted()) {
        return false;
      }
      sums = sums.plus(microBatch(microBatches.get(i), i, beginning, kept));
    }
    roomFor(
        rows,
        () -> {
          pass.endRows();
          return null;
        });
    double norm = pass.gradients().clip(config.maxGradNorm());
    if (!Double.isFinite(norm)) {
      throw failures.noGradient(state.step + 1, norm, rows, lastCheckpoint());
    }
    state.learningRate =
        config.learningRate()
            * config.lrSchedulerType().factor(state.step, warmupSteps, totalSteps);
    optimizer.step(pass.gradients(), state.learningRate);
    pass.gradients().clear();
    pass.weightsChanged();
    state.gradNorm = norm;
    count(sums, rows, endsEpoch);
    state.trainingSeconds += (System.nanoTime() - start) / 1e9;
    return true;
  }

  private boolean interrupted() {
    interrupted |= Thread.interrupted();
    return interrupted;
  }

  /** Memory that runs out is told with the rows that it ran out for. */
  private <T> T roomFor(List<Example> rows, Supplier<T> work) {
    return Failures.roomFor(
        work, cause -> failures.outOfMemory(state.step + 1, rows, lastCheckpoint(), cause));
  }

  /** Noise is drawn for each row on its own: under it no two begin alike. */
  private int beginRows(List<Example> rows) {
    int longest = rows.stream().mapToInt(Example::length).max().orElse(0);
    return config.neftuneNoiseAlpha() > 0
        ? 0
        : pass.beginRows(rows.stream().map(Example::context).toList(), longest);
  }

  private LossSums microBatch(List<Example> rows, int index, int beginning, long kept) {
    if (config.neftuneNoiseAlpha() > 0) { // noise depends on the place in the run alone
      Torch.seed(config.seed() + 1_000_003L * state.step + index);
    }
    long number = (long) state.step * config.gradientAccumulationSteps() + index;
    LossSums sums = roomFor(rows, () -> forwardBackward(rows, number, beginning, kept));
    if (!Double.isFinite(sums.loss())) {
      throw failures.noNumber(state.step + 1, sums.loss(), rows, lastCheckpoint());
    }
    return sums;
  }

  private LossSums forwardBackward(List<Example> rows, long number, int beginning, long kept) {
    LossSums sums = LossSums.NONE;
    try {
      int done = 0;
      for (List<Example> slice : Batches.slices(rows, pass.tokensAtOnce(), beginning)) {
        model.train(number * 65_536 + done); // each slice drops its own
        sums = sums.plus(forwardBackward(Batch.of(slice, beginning), kept));
        done += slice.size();
      }
    } finally {
      model.eval();
    }
    return sums;
  }

  private LossSums forwardBackward(Batch batch, long kept) {
    return pass.forwardBackward(
        batch.inputIds(),
        batch.seqLens(),
        batch.positions(),
        batch.labels(),
        1.0 / kept,
        Neftune.noise(config.neftuneNoiseAlpha(), batch.seqLens()));
  }

  private void count(LossSums sums, List<Example> rows, boolean endsEpoch) {
    state.step++;
    state.epoch += endsEpoch ? 1 : 0;
    state.stepInEpoch = endsEpoch ? 0 : state.stepInEpoch + 1;
    state.rows += rows.size();
    state.tokens += rows.stream().mapToLong(Example::length).sum();
    state.all = state.all.plus(sums);
    state.sinceLog = state.sinceLog.plus(sums);
    state.stepLoss = sums.meanLoss();
    state.reported = false;
  }

  /**
   * What follows a step: evaluation, log, checkpoint, and last the listeners, so that one that
   * fails costs none of these.
   */
  private void report(Listeners listeners) {
    boolean last = state.step == totalSteps;
    boolean endsEpoch = state.stepInEpoch == 0;
    boolean due = config.evalSteps() > 0 ? state.step % config.evalSteps() == 0 : endsEpoch;
    boolean best = false;
    Optional<TrainingLog.Entry> entry = Optional.empty();
    if (!logged()) {
      Optional<LossSums> sums = due || last ? measure() : Optional.empty();
      if (interrupted() && (due || last) && sums.isEmpty() && !data.eval().isEmpty()) {
        return; // in the middle of the evaluation; the rest comes with the resumed run
      }
      if (sums.isPresent()) {
        best = evaluated(sums.get());
      }
      if (sums.isPresent() || last || state.step % config.loggingSteps() == 0) {
        entry = Optional.of(log(sums));
      }
    } else { // its checkpoint could not be written: nobody was told of it, and it is not saved
      entry = Optional.of(state.log.entries().get(state.log.entries().size() - 1));
      best = state.bestStep == state.step;
    }
    state.reported = true;
    Optional<Path> folder = saveIfDue(endsEpoch, last || state.stoppedEarly, best);
    entry.ifPresent(listeners::onLog);
    listeners.onStep(progress());
    folder.ifPresent(listeners::onSave);
    if (prompts != null && !interrupted && prompts.due(state.step)) {
      for (TrainingLog.Sample sample : prompts.answers(generator, state.step)) {
        state.log.add(sample);
        listeners.onSample(sample);
      }
    }
  }

  private boolean logged() {
    List<TrainingLog.Entry> entries = state.log.entries();
    return !entries.isEmpty() && entries.get(entries.size() - 1).step() == state.step;
  }

  /**
   * Measures the held-out rows, if there are any; empty after an interrupt, which stays pending.
   */
  private Optional<LossSums> measure() {
    return data.eval().isEmpty()
        ? Optional.empty()
        : Losses.measure(model, data.eval(), config.perDeviceEvalBatchSize(), config.precision());
  }

  private boolean evaluated(LossSums sums) {
    boolean best = state.evaluated(sums.meanLoss(), config.earlyStoppingThreshold());
    state.stopEarlyBy(config.earlyStoppingPatience());
    return best;
  }

  private TrainingLog.Entry log(Optional<LossSums> evaluation) {
    TrainingLog.Entry entry = entry(evaluation);
    state.log.add(entry);
    state.sinceLog = LossSums.NONE;
    return entry;
  }

  private TrainingLog.Entry entry(Optional<LossSums> evaluation) {
    return new TrainingLog.Entry(
        state.step,
        (double) state.rows / data.trainRows(),
        state.sinceLog.meanLoss(),
        evaluation.map(LossSums::meanLoss).orElse(Double.NaN),
        state.learningRate,
        state.gradNorm,
        state.tokens / state.trainingSeconds,
        state.sinceLog.meanTokenAccuracy(),
        state.sinceLog.meanEntropy(),
        evaluation.map(LossSums::meanTokenAccuracy).orElse(Double.NaN),
        state.tokens,
        secondsLeft(),
        Machine.peakResidentBytes().stream()
            .mapToDouble(bytes -> bytes)
            .findAny()
            .orElse(Double.NaN));
  }

  private Optional<Path> saveIfDue(boolean endsEpoch, boolean last, boolean best) {
    boolean due =
        switch (config.saveStrategy()) {
          case NO -> false;
          case STEPS -> last || state.step % config.saveSteps() == 0;
          case EPOCH -> last || endsEpoch;
        };
    if (!files.enabled() || !(due || best && config.loadBestModelAtEnd())) {
      return Optional.empty();
    }
    return Optional.of(save());
  }

  private Path save() {
    try {
      return writeThroughInterrupts();
    } catch (CheckpointException e) {
      state.reported = false; // the resumed run tries again
      throw e;
    }
  }

  /** An interrupt does not break the writing off: it ends the run once the checkpoint is there. */
  private Path writeThroughInterrupts() {
    interrupted |= Thread.interrupted();
    try {
      return write();
    } catch (CheckpointException e) {
      if (!Thread.interrupted()) {
        throw e;
      }
      interrupted = true;
      return write();
    }
  }

  /** A checkpoint knows the time up to it; what follows is counted from there. */
  private Path write() {
    state.seconds = seconds();
    begin = System.nanoTime();
    return files.save(state, optimizer);
  }

  private void saveReached(Listeners listeners) {
    if (files.enabled() && state.step > 0 && !state.saved.contains(state.step)) {
      listeners.onSave(writeThroughInterrupts());
    }
  }

  private TrainingListener.Step progress() {
    return new TrainingListener.Step(
        state.step,
        totalSteps,
        state.stepLoss,
        state.tokens / state.trainingSeconds,
        secondsLeft());
  }

  private double seconds() {
    return state.seconds + (System.nanoTime() - begin) / 1e9;
  }

  private double secondsLeft() {
    return state.step == 0 ? Double.NaN : seconds() / state.step * (totalSteps - state.step);
  }

  /** Memory ran out outside of a batch. */
  TrainingException outOfMemory(Throwable cause) {
    return failures.outOfMemory(state.step, lastCheckpoint(), cause);
  }

  private Path lastCheckpoint() {
    return state.saved.isEmpty() ? null : files.folder(state.saved.get(state.saved.size() - 1));
  }

  private Optional<Path> bestCheckpoint() {
    return Stream.of(state.bestStep).filter(state.saved::contains).map(files::folder).findAny();
  }

  /** The log of an interrupted run ends with what was not due yet. */
  private TrainingResult result(double evalLoss) {
    TrainingLog log = state.log.copy();
    if (interrupted && state.sinceLog.tokens() > 0) {
      log.add(entry(Optional.empty()));
    }
    return new TrainingResult(
        state.step,
        state.rows,
        state.tokens,
        seconds(),
        state.tokens / state.trainingSeconds,
        state.all.meanLoss(),
        evalLoss,
        Machine.peakResidentBytes(),
        interrupted,
        state.stoppedEarly,
        Optional.ofNullable(lastCheckpoint()),
        bestCheckpoint(),
        log);
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
