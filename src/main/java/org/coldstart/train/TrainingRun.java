package org.coldstart.train;

import java.nio.file.Path;
import java.util.List;
import org.coldstart.data.Batch;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Pretrained;
import org.coldstart.model.TrainingPass;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.torch.Memory;

/**
 * One run of the trainer: where it stands, what it has measured, and the single step it repeats.
 */
final class TrainingRun {

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final SftConfig config;
  private final TrainingPass pass;
  private final AdamW optimizer;
  private final List<Example> eval;
  private final List<TrainingListener> listeners;
  private final int trainRows;
  private final int totalSteps;
  private final int warmupSteps;
  private final TrainingLog log = new TrainingLog();
  private final long start = System.nanoTime();

  private int steps;
  private long microBatches;
  private long rows;
  private long tokens;
  private double trainingSeconds;
  private double gradNorm = Double.NaN;
  private double learningRate;
  private double evalLoss = Double.NaN;
  private Window all = new Window();
  private Window sinceLog = new Window();
  private boolean interrupted;

  /** Loss gathered over some steps. */
  private static final class Window {
    private double sum;
    private long kept;

    void add(double lossSum, long keptTokens) {
      sum += lossSum;
      kept += keptTokens;
    }

    double mean() {
      return sum / kept;
    }
  }

  TrainingRun(
      CausalLm model,
      Tokenizer tokenizer,
      SftConfig config,
      TrainingPass pass,
      AdamW optimizer,
      List<Example> eval,
      List<TrainingListener> listeners,
      int trainRows,
      int totalSteps) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.pass = pass;
    this.optimizer = optimizer;
    this.eval = eval;
    this.listeners = listeners;
    this.trainRows = trainRows;
    this.totalSteps = totalSteps;
    this.warmupSteps = (int) Math.ceil(config.warmupRatio() * totalSteps);
  }

  boolean goesOn() {
    return steps < totalSteps && !interrupted;
  }

  /**
   * One optimizer step over the batches given.
   *
   * @param endsEpoch whether these are the epoch's last
   */
  void step(List<List<Example>> microBatches, boolean endsEpoch) {
    long begin = System.nanoTime();
    List<Batch> batches = microBatches.stream().map(rows -> Batch.of(rows)).toList();
    long kept = batches.stream().mapToLong(Batch::keptTokens).sum();
    double lossSum = 0;
    for (Batch batch : batches) {
      if (Thread.interrupted()) {
        abandon();
        return;
      }
      lossSum += forwardBackward(batch, kept);
    }
    if (!Double.isFinite(lossSum)) {
      throw new IllegalStateException(
          "The loss of step "
              + (steps + 1)
              + " is "
              + lossSum
              + ": the weights have run away. Load the model again and train with a lower learning"
              + " rate.");
    }
    double rate =
        config.learningRate() * config.lrSchedulerType().factor(steps, warmupSteps, totalSteps);
    gradNorm = optimizer.step(rate);
    pass.weightsChanged();
    learningRate = rate;
    steps++;
    rows += microBatches.stream().mapToLong(List::size).sum();
    tokens += microBatches.stream().flatMap(List::stream).mapToLong(Example::length).sum();
    trainingSeconds += (System.nanoTime() - begin) / 1e9;
    all.add(lossSum, kept);
    sinceLog.add(lossSum, kept);
    report(lossSum / kept, endsEpoch);
  }

  /** Adds a batch's share of the step's gradient; returns its summed loss. */
  private double forwardBackward(Batch batch, long keptInStep) {
    model.train(microBatches++);
    try {
      return pass.forwardBackward(
              batch.inputIds(), batch.rows(), batch.positions(), batch.labels(), 1.0 / keptInStep)
          .loss();
    } finally {
      model.eval();
    }
  }

  /**
   * Leaves the run between two batches: the weights stay; the trainer drops the half-gathered
   * gradient, as after every run.
   */
  private void abandon() {
    interrupted = true;
    if (sinceLog.kept > 0) {
      log(false);
    }
  }

  private void report(double loss, boolean endsEpoch) {
    boolean last = steps == totalSteps;
    boolean due = config.evalSteps() > 0 ? steps % config.evalSteps() == 0 : endsEpoch;
    boolean evaluated = (due || last) && evaluated();
    if (evaluated || last || steps % config.loggingSteps() == 0) {
      log(evaluated);
    }
    TrainingListener.Step now = progress(loss);
    listeners.forEach(listener -> listener.onStep(now));
  }

  /** Evaluates before the first step, so that the curve starts at the untrained model. */
  void evaluate() {
    if (evaluated()) {
      log(true);
    }
  }

  /** Measures the held-out rows, if there are any; an interrupt breaks it off and stays pending. */
  private boolean evaluated() {
    if (eval.isEmpty()) {
      return false;
    }
    double loss = Losses.mean(model, eval, config.perDeviceEvalBatchSize(), config.precision());
    if (Thread.currentThread().isInterrupted()) {
      return false;
    }
    evalLoss = loss;
    return true;
  }

  /**
   * Saves; an interrupt that came since the last batch ends the run instead of breaking the writing
   * off.
   */
  void endEpoch() {
    interrupted |= Thread.interrupted();
    if (interrupted) {
      return;
    }
    if (config.outputDir() != null) {
      Path folder = config.outputDir().resolve("checkpoint-" + steps);
      Pretrained.save(folder, model, tokenizer);
      listeners.forEach(listener -> listener.onSave(folder));
    }
  }

  private void log(boolean evaluated) {
    TrainingLog.Entry entry =
        new TrainingLog.Entry(
            steps,
            (double) rows / trainRows,
            sinceLog.mean(),
            evaluated ? evalLoss : Double.NaN,
            learningRate,
            gradNorm,
            tokens / trainingSeconds);
    sinceLog = new Window();
    log.add(entry);
    listeners.forEach(listener -> listener.onLog(entry));
  }

  private TrainingListener.Step progress(double loss) {
    double secondsPerStep = (System.nanoTime() - start) / 1e9 / steps;
    return new TrainingListener.Step(
        steps, totalSteps, loss, tokens / trainingSeconds, secondsPerStep * (totalSteps - steps));
  }

  TrainingResult result() {
    return new TrainingResult(
        steps,
        rows,
        tokens,
        (System.nanoTime() - start) / 1e9,
        tokens / trainingSeconds,
        all.mean(),
        evalLoss,
        Memory.peakResidentBytes(),
        interrupted,
        log);
  }
}
