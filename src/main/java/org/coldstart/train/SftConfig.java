package org.coldstart.train;

import java.nio.file.Path;
import org.coldstart.torch.Precision;

/**
 * The hyper-parameters of supervised fine-tuning, under the names and with the defaults that TRL
 * users know.
 *
 * <pre>{@code
 * SftConfig config = SftConfig.builder()
 *     .learningRate(1e-5).numTrainEpochs(2)
 *     .perDeviceTrainBatchSize(4).gradientAccumulationSteps(8)
 *     .warmupRatio(0.1).evalSteps(50).loggingSteps(50)
 *     .outputDir(Path.of("model/checkpoints"))
 *     .build();
 * }</pre>
 *
 * @param learningRate the highest rate, reached after warm-up
 * @param lrSchedulerType how the rate falls after warm-up
 * @param warmupRatio share of all steps over which the rate rises from 0, in [0, 1]
 * @param numTrainEpochs passes over the data; the last may be a part
 * @param maxSteps optimizer steps at which to end whatever the epochs say; 0 for no such limit
 * @param perDeviceTrainBatchSize rows in one forward pass
 * @param gradientAccumulationSteps forward passes to one optimizer step
 * @param perDeviceEvalBatchSize rows in one evaluation pass
 * @param maxLength tokens above which a row is left out
 * @param optim the optimizer
 * @param weightDecay AdamW's decoupled decay; norms and biases are exempt
 * @param adamBeta1 decay of the gradient's running mean
 * @param adamBeta2 decay of its running square
 * @param adamEpsilon added to the root of the running square
 * @param maxGradNorm gradients longer than this, taken as one vector, are scaled down to it; 0 for
 *     never
 * @param precision of the matrix products
 * @param groupByLength puts rows of similar length into a batch
 * @param loggingSteps optimizer steps between rows of the log
 * @param evalSteps optimizer steps between evaluations; 0 for one at each epoch's end
 * @param outputDir where a checkpoint is saved at each epoch's end; null for no saving
 * @param seed of the order of rows
 */
public record SftConfig(
    double learningRate,
    LearningRateSchedule lrSchedulerType,
    double warmupRatio,
    double numTrainEpochs,
    int maxSteps,
    int perDeviceTrainBatchSize,
    int gradientAccumulationSteps,
    int perDeviceEvalBatchSize,
    int maxLength,
    OptimizerName optim,
    double weightDecay,
    double adamBeta1,
    double adamBeta2,
    double adamEpsilon,
    double maxGradNorm,
    Precision precision,
    boolean groupByLength,
    int loggingSteps,
    int evalSteps,
    Path outputDir,
    long seed) {

  /** Checks the ranges. */
  public SftConfig {
    require(learningRate > 0, "learningRate must be above 0", learningRate);
    require(warmupRatio >= 0 && warmupRatio <= 1, "warmupRatio must lie in [0, 1]", warmupRatio);
    require(numTrainEpochs > 0, "numTrainEpochs must be above 0", numTrainEpochs);
    require(maxSteps >= 0, "maxSteps must be 0 (no limit) or more", maxSteps);
    require(
        perDeviceTrainBatchSize > 0,
        "perDeviceTrainBatchSize must be at least 1",
        perDeviceTrainBatchSize);
    require(
        gradientAccumulationSteps > 0,
        "gradientAccumulationSteps must be at least 1",
        gradientAccumulationSteps);
    require(
        perDeviceEvalBatchSize > 0,
        "perDeviceEvalBatchSize must be at least 1",
        perDeviceEvalBatchSize);
    require(maxLength > 1, "maxLength must be at least 2", maxLength);
    require(weightDecay >= 0, "weightDecay must be 0 or more", weightDecay);
    require(adamBeta1 >= 0 && adamBeta1 < 1, "adamBeta1 must lie in [0, 1)", adamBeta1);
    require(adamBeta2 >= 0 && adamBeta2 < 1, "adamBeta2 must lie in [0, 1)", adamBeta2);
    require(adamEpsilon > 0, "adamEpsilon must be above 0", adamEpsilon);
    require(maxGradNorm >= 0, "maxGradNorm must be 0 (never clip) or more", maxGradNorm);
    require(loggingSteps > 0, "loggingSteps must be at least 1", loggingSteps);
    require(evalSteps >= 0, "evalSteps must be 0 (each epoch) or more", evalSteps);
  }

  private static void require(boolean holds, String rule, Number value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", not " + value + ".");
    }
  }

  /** Rows that go into one optimizer step. */
  public int rowsPerStep() {
    return perDeviceTrainBatchSize * gradientAccumulationSteps;
  }

  /** TRL's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects the hyper-parameters; see {@link SftConfig} for their meaning. */
  public static final class Builder {
    private double learningRate = 2e-5;
    private LearningRateSchedule lrSchedulerType = LearningRateSchedule.LINEAR;
    private double warmupRatio = 0;
    private double numTrainEpochs = 3;
    private int maxSteps = 0;
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
    private Precision precision = Precision.F32;
    private boolean groupByLength = false;
    private int loggingSteps = 10;
    private int evalSteps = 0;
    private Path outputDir = null;
    private long seed = 42;

    private Builder() {}

    /** The highest learning rate; default 2e-5. */
    public Builder learningRate(double value) {
      learningRate = value;
      return this;
    }

    /** How the rate falls; default linear. */
    public Builder lrSchedulerType(LearningRateSchedule value) {
      lrSchedulerType = value;
      return this;
    }

    /** Share of steps for warm-up; default 0. */
    public Builder warmupRatio(double value) {
      warmupRatio = value;
      return this;
    }

    /** Passes over the data; default 3. */
    public Builder numTrainEpochs(double value) {
      numTrainEpochs = value;
      return this;
    }

    /** Steps at which to end; default 0, no limit. */
    public Builder maxSteps(int value) {
      maxSteps = value;
      return this;
    }

    /** Rows in one forward pass; default 8. */
    public Builder perDeviceTrainBatchSize(int value) {
      perDeviceTrainBatchSize = value;
      return this;
    }

    /** Forward passes to one optimizer step; default 1. */
    public Builder gradientAccumulationSteps(int value) {
      gradientAccumulationSteps = value;
      return this;
    }

    /** Rows in one evaluation pass; default 8. */
    public Builder perDeviceEvalBatchSize(int value) {
      perDeviceEvalBatchSize = value;
      return this;
    }

    /** Tokens above which a row is left out; default 1024. */
    public Builder maxLength(int value) {
      maxLength = value;
      return this;
    }

    /** The optimizer; default AdamW. */
    public Builder optim(OptimizerName value) {
      optim = value;
      return this;
    }

    /** Decoupled weight decay; default 0. */
    public Builder weightDecay(double value) {
      weightDecay = value;
      return this;
    }

    /** AdamW's betas; default 0.9 and 0.999. */
    public Builder adamBetas(double beta1, double beta2) {
      adamBeta1 = beta1;
      adamBeta2 = beta2;
      return this;
    }

    /** AdamW's epsilon; default 1e-8. */
    public Builder adamEpsilon(double value) {
      adamEpsilon = value;
      return this;
    }

    /** Greatest length of the gradient; default 1. */
    public Builder maxGradNorm(double value) {
      maxGradNorm = value;
      return this;
    }

    /** Precision of matrix products; default f32. */
    public Builder precision(Precision value) {
      precision = value;
      return this;
    }

    /** Whether rows of similar length share a batch; default no. */
    public Builder groupByLength(boolean value) {
      groupByLength = value;
      return this;
    }

    /** Steps between rows of the log; default 10. */
    public Builder loggingSteps(int value) {
      loggingSteps = value;
      return this;
    }

    /** Steps between evaluations; default 0, at each epoch's end. */
    public Builder evalSteps(int value) {
      evalSteps = value;
      return this;
    }

    /** Folder for a checkpoint at each epoch's end; default none. */
    public Builder outputDir(Path value) {
      outputDir = value;
      return this;
    }

    /** Seed of the order of rows; default 42. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /**
     * The configuration.
     *
     * @throws IllegalArgumentException if a value is out of range, naming it
     */
    public SftConfig build() {
      return new SftConfig(
          learningRate,
          lrSchedulerType,
          warmupRatio,
          numTrainEpochs,
          maxSteps,
          perDeviceTrainBatchSize,
          gradientAccumulationSteps,
          perDeviceEvalBatchSize,
          maxLength,
          optim,
          weightDecay,
          adamBeta1,
          adamBeta2,
          adamEpsilon,
          maxGradNorm,
          precision,
          groupByLength,
          loggingSteps,
          evalSteps,
          outputDir,
          seed);
    }
  }
}
