package org.coldstart.train;

import java.nio.file.Path;
import org.coldstart.model.Precision;

/**
 * Sets the hyper-parameters that {@link SftConfig} explains, by their names there, for any trainer; its fields are the
 * defaults, TRL's unless said.
 *
 * @param <B> the builder itself
 */
public abstract sealed class TrainingArguments<B extends TrainingArguments<B>>
    permits SftConfig.Builder, DpoConfig.Builder, GrpoConfig.Builder {

  private double learningRate;
  private LearningRateSchedule lrSchedulerType = LearningRateSchedule.LINEAR;
  private double warmupRatio = 0;
  private int warmupSteps = 0;
  private double numTrainEpochs = 3;
  private int maxSteps = 0; // TRL: -1
  private int perDeviceTrainBatchSize = 8;
  private int gradientAccumulationSteps = 1;
  private int perDeviceEvalBatchSize = 8;
  private int maxLength = 1024;
  private OptimizerName optim = OptimizerName.ADAMW;
  private double weightDecay = 0;
  private double adamBeta1 = 0.9;
  private double adamBeta2 = 0.999;
  private double adamEpsilon = 1e-8;
  private double maxGradNorm = 1;
  private Precision precision = Precision.F32; // TRL: bf16
  private boolean groupByLength = false;
  private int loggingSteps = 10;
  private int evalSteps = 0; // TRL: no evaluation
  private boolean packing = false;
  private boolean gradientCheckpointing = false; // TRL: true
  private double neftuneNoiseAlpha = 0;
  private Path outputDir = null; // TRL: a folder
  private SaveStrategy saveStrategy = SaveStrategy.EPOCH; // TRL: every 500 steps
  private int saveSteps = 500;
  private int saveTotalLimit = 0;
  private boolean loadBestModelAtEnd = false;
  private int earlyStoppingPatience = 0;
  private double earlyStoppingThreshold = 0;
  private long seed = 42;

  /** Begins with the defaults, but for the rate, which differs between trainers. */
  TrainingArguments(double learningRate) {
    this.learningRate = learningRate;
  }

  abstract B self();

  public B learningRate(double value) {
    learningRate = value;
    return self();
  }

  public B lrSchedulerType(LearningRateSchedule value) {
    lrSchedulerType = value;
    return self();
  }

  public B warmupRatio(double value) {
    warmupRatio = value;
    return self();
  }

  public B warmupSteps(int value) {
    warmupSteps = value;
    return self();
  }

  public B numTrainEpochs(double value) {
    numTrainEpochs = value;
    return self();
  }

  public B maxSteps(int value) {
    maxSteps = value;
    return self();
  }

  public B perDeviceTrainBatchSize(int value) {
    perDeviceTrainBatchSize = value;
    return self();
  }

  public B gradientAccumulationSteps(int value) {
    gradientAccumulationSteps = value;
    return self();
  }

  public B perDeviceEvalBatchSize(int value) {
    perDeviceEvalBatchSize = value;
    return self();
  }

  public B maxLength(int value) {
    maxLength = value;
    return self();
  }

  public B optim(OptimizerName value) {
    optim = value;
    return self();
  }

  public B weightDecay(double value) {
    weightDecay = value;
    return self();
  }

  public B adamBeta1(double value) {
    adamBeta1 = value;
    return self();
  }

  public B adamBeta2(double value) {
    adamBeta2 = value;
    return self();
  }

  public B adamEpsilon(double value) {
    adamEpsilon = value;
    return self();
  }

  public B maxGradNorm(double value) {
    maxGradNorm = value;
    return self();
  }

  public B precision(Precision value) {
    precision = value;
    return self();
  }

  public B groupByLength(boolean value) {
    groupByLength = value;
    return self();
  }

  public B loggingSteps(int value) {
    loggingSteps = value;
    return self();
  }

  public B evalSteps(int value) {
    evalSteps = value;
    return self();
  }

  public B packing(boolean value) {
    packing = value;
    return self();
  }

  public B gradientCheckpointing(boolean value) {
    gradientCheckpointing = value;
    return self();
  }

  public B neftuneNoiseAlpha(double value) {
    neftuneNoiseAlpha = value;
    return self();
  }

  public B outputDir(Path value) {
    outputDir = value;
    return self();
  }

  public B saveStrategy(SaveStrategy value) {
    saveStrategy = value;
    return self();
  }

  public B saveSteps(int value) {
    saveSteps = value;
    return self();
  }

  public B saveTotalLimit(int value) {
    saveTotalLimit = value;
    return self();
  }

  public B loadBestModelAtEnd(boolean value) {
    loadBestModelAtEnd = value;
    return self();
  }

  public B earlyStoppingPatience(int value) {
    earlyStoppingPatience = value;
    return self();
  }

  public B earlyStoppingThreshold(double value) {
    earlyStoppingThreshold = value;
    return self();
  }

  public B seed(long value) {
    seed = value;
    return self();
  }

  /** These settings; throws an {@link IllegalArgumentException} naming a value out of range. */
  final SftConfig training() {
    return new SftConfig(learningRate, lrSchedulerType, warmupRatio, warmupSteps, numTrainEpochs, maxSteps,
        perDeviceTrainBatchSize, gradientAccumulationSteps, perDeviceEvalBatchSize, maxLength, optim, weightDecay,
        adamBeta1, adamBeta2, adamEpsilon, maxGradNorm, precision, groupByLength, loggingSteps, evalSteps, packing,
        gradientCheckpointing, neftuneNoiseAlpha, outputDir, saveStrategy, saveSteps, saveTotalLimit,
        loadBestModelAtEnd, earlyStoppingPatience, earlyStoppingThreshold, seed);
  }
}
