package org.coldstart.train;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.model.Precision;

/**
 * The hyper-parameters of supervised fine-tuning, under TRL's names; the fields of {@link TrainingArguments}
 * list the defaults.
 *
 * <pre>{@code
 * SftConfig config = SftConfig.builder().learningRate(1e-5).warmupRatio(0.1).numTrainEpochs(2)
 *     .perDeviceTrainBatchSize(4).gradientAccumulationSteps(8).build();
 * }</pre>
 *
 * @param learningRate the peak rate, reached after warm-up
 * @param lrSchedulerType how the rate decays after warm-up
 * @param warmupRatio share of all steps over which the rate rises from 0, in [0, 1]
 * @param warmupSteps steps over which it rises, in place of the ratio; 0 for the ratio
 * @param numTrainEpochs passes over the data, the last of which may be a part
 * @param maxSteps optimizer steps at which to end; 0 for no limit
 * @param perDeviceTrainBatchSize rows of a micro-batch
 * @param gradientAccumulationSteps micro-batches to one optimizer step
 * @param perDeviceEvalBatchSize rows of an evaluation batch
 * @param maxLength most tokens of a row. The trainer refuses a longer row, which TRL would truncate:
 * {@link org.coldstart.data.ExampleBuilder} leaves such rows out
 * @param optim the optimizer
 * @param weightDecay AdamW's decoupled decay λ; norms and biases are exempt
 * @param adamBeta1 decay β₁ of the gradient's running mean
 * @param adamBeta2 decay β₂ of its running square
 * @param adamEpsilon ε, added to the root of the running square
 * @param maxGradNorm global norm to which longer gradients are clipped; 0 for never
 * @param precision of the matrix products
 * @param groupByLength whether rows of similar length share a batch
 * @param loggingSteps optimizer steps between rows of the log
 * @param evalSteps optimizer steps between evaluations; 0 for each epoch's end
 * @param packing whether each row of a batch is filled up to {@code maxLength} with whole examples, which do not attend
 * to each other
 * @param gradientCheckpointing saves memory by running each layer forward twice, at a third more work, and in bf16 by
 * rounding weights anew for each batch
 * @param neftuneNoiseAlpha strength of NEFTune's noise on the embeddings, usually 5; 0 for none
 * @param outputDir folder of the checkpoints; null to save nothing
 * @param saveStrategy when they are saved
 * @param saveSteps optimizer steps between them under {@link SaveStrategy#STEPS}
 * @param saveTotalLimit how many of the run's checkpoints are kept: the newest, and beside them the best by eval loss;
 * 0 for all
 * @param loadBestModelAtEnd whether to save whenever the eval loss is the lowest so far, and to load those weights at
 * the end
 * @param earlyStoppingPatience evaluations without a better loss that end the run; 0 for none
 * @param earlyStoppingThreshold by how much a loss must be lower to count as better
 * @param seed of the order of rows and of all noise
 */
public record SftConfig(double learningRate, LearningRateSchedule lrSchedulerType, double warmupRatio, int warmupSteps,
    double numTrainEpochs, int maxSteps, int perDeviceTrainBatchSize, int gradientAccumulationSteps,
    int perDeviceEvalBatchSize, int maxLength, OptimizerName optim, double weightDecay, double adamBeta1,
    double adamBeta2, double adamEpsilon, double maxGradNorm, Precision precision, boolean groupByLength,
    int loggingSteps, int evalSteps, boolean packing, boolean gradientCheckpointing, double neftuneNoiseAlpha,
    Path outputDir, SaveStrategy saveStrategy, int saveSteps, int saveTotalLimit, boolean loadBestModelAtEnd,
    int earlyStoppingPatience, double earlyStoppingThreshold, long seed) {

  /** Settings that evaluate, log or save and move no weight: a resumed run may change them. */
  private static final Pattern OBSERVING = Pattern
    .compile("perDeviceEvalBatchSize|loggingSteps|evalSteps|outputDir|save.*|loadBestModelAtEnd|earlyStopping.*");

  /** Checks the ranges. */
  public SftConfig {
    require(learningRate > 0, "learningRate", "above 0", learningRate);
    require(warmupRatio >= 0 && warmupRatio <= 1, "warmupRatio", "in [0, 1]", warmupRatio);
    requireAtLeast(0, "warmupSteps", warmupSteps);
    require(numTrainEpochs > 0, "numTrainEpochs", "above 0", numTrainEpochs);
    requireAtLeast(0, "maxSteps", maxSteps);
    requireAtLeast(1, "perDeviceTrainBatchSize", perDeviceTrainBatchSize);
    requireAtLeast(1, "gradientAccumulationSteps", gradientAccumulationSteps);
    requireAtLeast(1, "perDeviceEvalBatchSize", perDeviceEvalBatchSize);
    requireAtLeast(2, "maxLength", maxLength);
    requireAtLeast(0, "weightDecay", weightDecay);
    require(adamBeta1 >= 0 && adamBeta1 < 1, "adamBeta1", "in [0, 1)", adamBeta1);
    require(adamBeta2 >= 0 && adamBeta2 < 1, "adamBeta2", "in [0, 1)", adamBeta2);
    require(adamEpsilon > 0, "adamEpsilon", "above 0", adamEpsilon);
    requireAtLeast(0, "maxGradNorm", maxGradNorm);
    requireAtLeast(1, "loggingSteps", loggingSteps);
    requireAtLeast(0, "evalSteps", evalSteps);
    requireAtLeast(0, "neftuneNoiseAlpha", neftuneNoiseAlpha);
    requireAtLeast(1, "saveSteps", saveSteps);
    requireAtLeast(0, "saveTotalLimit", saveTotalLimit);
    requireAtLeast(0, "earlyStoppingPatience", earlyStoppingPatience);
    requireAtLeast(0, "earlyStoppingThreshold", earlyStoppingThreshold);
    require(!packing || !groupByLength, "packing and groupByLength exclude each other.");
    require(!loadBestModelAtEnd || outputDir != null, "loadBestModelAtEnd needs an outputDir.");
  }

  static void requireAtLeast(int least, String name, Number value) {
    require(value.doubleValue() >= least, name, "at least " + least, value);
  }

  static void require(boolean holds, String name, String range, Number value) {
    require(holds, name + " must be " + range + ", not " + value + ".");
  }

  static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** Refuses what changes rows, or how they are put together, where a row is more than its tokens. */
  void requireRowsAsTheyAre(String trainer) {
    require(!packing && !groupByLength && neftuneNoiseAlpha == 0,
        "packing, groupByLength and neftuneNoiseAlpha are for supervised fine-tuning, not for " + trainer + ".");
  }

  /** Steps of warm-up in a run of so many. */
  int warmupSteps(int totalSteps) {
    return warmupSteps > 0 ? warmupSteps : (int) Math.ceil(warmupRatio * totalSteps);
  }

  /** Rows that go into one optimizer step. */
  public int rowsPerStep() {
    return perDeviceTrainBatchSize * gradientAccumulationSteps;
  }

  /** The settings that decide which weights a run ends with, by name. */
  Map<String, String> recipe() {
    return recipe(this);
  }

  /** These and those of a configuration that contains them. */
  Map<String, String> recipe(Record outer) {
    Map<String, String> recipe = new LinkedHashMap<>(outer == this ? Map.of() : recipe());
    try {
      for (RecordComponent setting : outer.getClass().getRecordComponents()) {
        if (setting.getType() != SftConfig.class && !OBSERVING.matcher(setting.getName()).matches()) {
          recipe.put(setting.getName(), String.valueOf(setting.getAccessor().invoke(outer)));
        }
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("A record's accessors can be called.", e);
    }
    return recipe;
  }

  /** A builder that holds the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Sets hyper-parameters by their names in {@link SftConfig}; TRL's defaults unless said there. */
  public static final class Builder extends TrainingArguments<Builder> {

    private Builder() {
      super(2e-5);
    }

    @Override
    Builder self() {
      return this;
    }

    /** The configuration; throws an {@link IllegalArgumentException} naming a value out of range. */
    public SftConfig build() {
      return training();
    }
  }
}
