package org.coldstart.train;

import java.nio.file.Path;
import org.coldstart.model.Precision;

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
 * @param warmupSteps steps over which it rises, in place of the ratio; 0 to go by the ratio
 * @param numTrainEpochs passes over the data; the last may be a part
 * @param maxSteps optimizer steps at which to end whatever the epochs say; 0 for no such limit
 * @param perDeviceTrainBatchSize rows in one forward pass
 * @param gradientAccumulationSteps forward passes to one optimizer step
 * @param perDeviceEvalBatchSize rows in one evaluation pass, at most
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
 * @param packing fills each of a batch's rows up to {@code maxLength} with whole examples, which
 *     stay apart as ever: batches of even size, whatever the lengths of examples
 * @param gradientCheckpointing saves memory by running each layer forward twice, at a third more
 *     work; in {@link Precision#BF16} also by rounding weights anew for each batch
 * @param neftuneNoiseAlpha strength of the noise on the embeddings (NEFTune; 5 is usual); 0 for
 *     none
 * @param outputDir where checkpoints are saved; null for no saving
 * @param saveStrategy when they are
 * @param saveSteps optimizer steps between them under {@link SaveStrategy#STEPS}
 * @param saveTotalLimit how many of the run's checkpoints are kept, the newest; the best by eval
 *     loss is kept beside them; 0 for all
 * @param loadBestModelAtEnd saves whenever the eval loss is the lowest so far, and puts those
 *     weights back at the end
 * @param earlyStoppingPatience evaluations without a better eval loss after which the run ends; 0
 *     for never
 * @param earlyStoppingThreshold by how much an eval loss must be lower to count as better there
 * @param seed of the order of rows and of all noise
 */
public record SftConfig(
    double learningRate,
    LearningRateSchedule lrSchedulerType,
    double warmupRatio,
    int warmupSteps,
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
    boolean packing,
    boolean gradientCheckpointing,
    double neftuneNoiseAlpha,
    Path outputDir,
    SaveStrategy saveStrategy,
    int saveSteps,
    int saveTotalLimit,
    boolean loadBestModelAtEnd,
    int earlyStoppingPatience,
    double earlyStoppingThreshold,
    long seed) {

  /** Checks the ranges. */
  public SftConfig {
    require(learningRate > 0, "learningRate must be above 0", learningRate);
    require(warmupRatio >= 0 && warmupRatio <= 1, "warmupRatio must lie in [0, 1]", warmupRatio);
    require(warmupSteps >= 0, "warmupSteps must be 0 (go by warmupRatio) or more", warmupSteps);
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
    require(
        neftuneNoiseAlpha >= 0,
        "neftuneNoiseAlpha must be 0 (no noise) or more",
        neftuneNoiseAlpha);
    require(saveSteps > 0, "saveSteps must be at least 1", saveSteps);
    require(saveTotalLimit >= 0, "saveTotalLimit must be 0 (keep all) or more", saveTotalLimit);
    require(
        earlyStoppingPatience >= 0,
        "earlyStoppingPatience must be 0 (never stop early) or more",
        earlyStoppingPatience);
    require(
        earlyStoppingThreshold >= 0,
        "earlyStoppingThreshold must be 0 or more",
        earlyStoppingThreshold);
    if (packing && groupByLength) {
      throw new IllegalArgumentException(
          "packing already brings lengths together: leave groupByLength out, or packing.");
    }
    if (loadBestModelAtEnd && outputDir == null) {
      throw new IllegalArgumentException(
          "loadBestModelAtEnd needs an outputDir, where the best model waits for the end.");
    }
  }

  private static void require(boolean holds, String rule, Number value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", not " + value + ".");
    }
  }

  /** Steps of warm-up in a run of so many. */
  int warmupSteps(int totalSteps) {
    return warmupSteps > 0 ? warmupSteps : (int) Math.ceil(warmupRatio * totalSteps);
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
    private int warmupSteps = 0;
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
    private boolean packing = false;
    private boolean gradientCheckpointing = false;
    private double neftuneNoiseAlpha = 0;
    private Path outputDir = null;
    private SaveStrategy saveStrategy = SaveStrategy.EPOCH;
    private int saveSteps = 500;
    private int saveTotalLimit = 0;
    private boolean loadBestModelAtEnd = false;
    private int earlyStoppingPatience = 0;
    private double earlyStoppingThreshold = 0;
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

    /** Steps for warm-up, in place of the ratio; default 0, by the ratio. */
    public Builder warmupSteps(int value) {
      warmupSteps = value;
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

    /** Whether rows are filled up with whole examples; default no. */
    public Builder packing(boolean value) {
      packing = value;
      return this;
    }

    /** Whether memory is saved by running layers forward twice; default no. */
    public Builder gradientCheckpointing(boolean value) {
      gradientCheckpointing = value;
      return this;
    }

    /** NEFTune's noise on the embeddings; default 0, none. */
    public Builder neftuneNoiseAlpha(double value) {
      neftuneNoiseAlpha = value;
      return this;
    }

    /** Folder for checkpoints; default none. */
    public Builder outputDir(Path value) {
      outputDir = value;
      return this;
    }

    /** When checkpoints are saved; default at each epoch's end. */
    public Builder saveStrategy(SaveStrategy value) {
      saveStrategy = value;
      return this;
    }

    /** Saves every so many steps; default 500, once {@link SaveStrategy#STEPS} is chosen. */
    public Builder saveSteps(int value) {
      saveSteps = value;
      return this;
    }

    /** How many checkpoints are kept beside the best; default 0, all. */
    public Builder saveTotalLimit(int value) {
      saveTotalLimit = value;
      return this;
    }

    /** Whether the weights with the lowest eval loss are put back at the end; default no. */
    public Builder loadBestModelAtEnd(boolean value) {
      loadBestModelAtEnd = value;
      return this;
    }

    /** Evaluations without gain after which the run ends; default 0, never. */
    public Builder earlyStoppingPatience(int value) {
      earlyStoppingPatience = value;
      return this;
    }

    /** By how much an eval loss must be lower to count as a gain; default 0. */
    public Builder earlyStoppingThreshold(double value) {
      earlyStoppingThreshold = value;
      return this;
    }

    /** Seed of the order of rows and of all noise; default 42. */
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
          warmupSteps,
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
          packing,
          gradientCheckpointing,
          neftuneNoiseAlpha,
          outputDir,
          saveStrategy,
          saveSteps,
          saveTotalLimit,
          loadBestModelAtEnd,
          earlyStoppingPatience,
          earlyStoppingThreshold,
          seed);
    }
  }
}
