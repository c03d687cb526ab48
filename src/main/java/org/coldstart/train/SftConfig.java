package org.coldstart.train;

import java.lang.invoke.MethodHandles;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.model.Precision;

/**
 * The hyper-parameters of supervised fine-tuning, under TRL's names and with its defaults, except where TRL's is given
 * beside ours.
 *
 * <pre>{@code
 * SftConfig config = SftConfig.builder().learningRate(1e-5).warmupRatio(0.1).numTrainEpochs(2)
 *     .perDeviceTrainBatchSize(4).gradientAccumulationSteps(8).build();
 * }</pre>
 *
 * @param learningRate the peak rate, reached after warm-up; default 2e-5
 * @param lrSchedulerType how the rate decays after warm-up; default linear
 * @param warmupRatio share of all steps over which the rate rises from 0, in [0, 1]; default 0
 * @param warmupSteps steps over which it rises, in place of the ratio; default 0, by the ratio
 * @param numTrainEpochs passes over the data, the last of which may be a part; default 3
 * @param maxSteps optimizer steps at which to end; default 0, no limit (TRL: −1)
 * @param perDeviceTrainBatchSize rows of a micro-batch; default 8
 * @param gradientAccumulationSteps micro-batches to one optimizer step; default 1
 * @param perDeviceEvalBatchSize rows of an evaluation batch; default 8
 * @param maxLength most tokens of a row; default 1024. The trainer refuses a longer row, which TRL would truncate:
 * {@link org.coldstart.data.ExampleBuilder} leaves such rows out
 * @param optim the optimizer; default AdamW with f32 state
 * @param weightDecay AdamW's decoupled decay λ; norms and biases are exempt; default 0
 * @param adamBeta1 decay β₁ of the gradient's running mean; default 0.9
 * @param adamBeta2 decay β₂ of its running square; default 0.999
 * @param adamEpsilon ε, added to the root of the running square; default 1e-8
 * @param maxGradNorm global norm to which longer gradients are clipped; default 1; 0 for never
 * @param precision of the matrix products; default f32 (TRL: bf16)
 * @param groupByLength whether rows of similar length share a batch; default no
 * @param loggingSteps optimizer steps between rows of the log; default 10
 * @param evalSteps optimizer steps between evaluations; default 0, at each epoch's end (TRL: none)
 * @param packing whether each row of a batch is filled up to {@code maxLength} with whole examples, which do not attend
 * to each other; default no
 * @param gradientCheckpointing saves memory by running each layer forward twice, at a third more work, and in bf16 by
 * rounding weights anew for each batch; default no (TRL: yes)
 * @param neftuneNoiseAlpha strength of NEFTune's noise on the embeddings, usually 5; default 0, none
 * @param outputDir folder of the checkpoints; default null, nothing is saved (TRL: a folder)
 * @param saveStrategy when they are saved; default at each epoch's end (TRL: every 500 steps)
 * @param saveSteps optimizer steps between them under {@link SaveStrategy#STEPS}; default 500
 * @param saveTotalLimit how many of the run's checkpoints are kept: the newest, and beside them the best by eval loss;
 * default 0, all
 * @param loadBestModelAtEnd whether to save whenever the eval loss is the lowest so far, and to load those weights at
 * the end; default no
 * @param earlyStoppingPatience evaluations without a better loss that end the run; default 0, none
 * @param earlyStoppingThreshold by how much a loss must be lower to count as better; default 0
 * @param seed of the order of rows and of all noise; default 42
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
    .compile("perDeviceEvalBatchSize|loggingSteps|evalSteps|outputDir|save.*|loadBestModelAtEnd" + "|earlyStopping.*");

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

  private static void requireAtLeast(int least, String name, Number value) {
    require(value.doubleValue() >= least, name, "at least " + least, value);
  }

  private static void require(boolean holds, String name, String range, Number value) {
    require(holds, name + " must be " + range + ", not " + value + ".");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
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

  /** The settings that decide which weights a run ends with, by name. */
  Map<String, String> recipe() {
    Map<String, String> recipe = new LinkedHashMap<>();
    try {
      for (RecordComponent setting : SftConfig.class.getRecordComponents()) {
        if (!OBSERVING.matcher(setting.getName()).matches()) {
          recipe.put(setting.getName(), String.valueOf(setting.getAccessor().invoke(this)));
        }
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("A record's accessors can be called.", e);
    }
    return recipe;
  }

  /** A builder that holds the defaults. */
  public static Builder builder() {
    return emptyBuilder().learningRate(2e-5)
      .lrSchedulerType(LearningRateSchedule.LINEAR)
      .warmupRatio(0)
      .warmupSteps(0)
      .numTrainEpochs(3)
      .maxSteps(0)
      .perDeviceTrainBatchSize(8)
      .gradientAccumulationSteps(1)
      .perDeviceEvalBatchSize(8)
      .maxLength(1024)
      .optim(OptimizerName.ADAMW)
      .weightDecay(0)
      .adamBetas(0.9, 0.999)
      .adamEpsilon(1e-8)
      .maxGradNorm(1)
      .precision(Precision.F32)
      .groupByLength(false)
      .loggingSteps(10)
      .evalSteps(0)
      .packing(false)
      .gradientCheckpointing(false)
      .neftuneNoiseAlpha(0)
      .outputDir(null)
      .saveStrategy(SaveStrategy.EPOCH)
      .saveSteps(500)
      .saveTotalLimit(0)
      .loadBestModelAtEnd(false)
      .earlyStoppingPatience(0)
      .earlyStoppingThreshold(0)
      .seed(42);
  }

  /** Sets hyper-parameters by their names in {@link SftConfig}. */
  public interface Builder {
    Builder learningRate(double value);

    Builder lrSchedulerType(LearningRateSchedule value);

    Builder warmupRatio(double value);

    Builder warmupSteps(int value);

    Builder numTrainEpochs(double value);

    Builder maxSteps(int value);

    Builder perDeviceTrainBatchSize(int value);

    Builder gradientAccumulationSteps(int value);

    Builder perDeviceEvalBatchSize(int value);

    Builder maxLength(int value);

    Builder optim(OptimizerName value);

    Builder weightDecay(double value);

    Builder adamBeta1(double value);

    Builder adamBeta2(double value);

    Builder adamEpsilon(double value);

    Builder maxGradNorm(double value);

    Builder precision(Precision value);

    Builder groupByLength(boolean value);

    Builder loggingSteps(int value);

    Builder evalSteps(int value);

    Builder packing(boolean value);

    Builder gradientCheckpointing(boolean value);

    Builder neftuneNoiseAlpha(double value);

    Builder outputDir(Path value);

    Builder saveStrategy(SaveStrategy value);

    Builder saveSteps(int value);

    Builder saveTotalLimit(int value);

    Builder loadBestModelAtEnd(boolean value);

    Builder earlyStoppingPatience(int value);

    Builder earlyStoppingThreshold(double value);

    Builder seed(long value);

    /** Both of AdamW's betas. */
    default Builder adamBetas(double beta1, double beta2) {
      return adamBeta1(beta1).adamBeta2(beta2);
    }

    /** The configuration; throws an {@link IllegalArgumentException} naming a value out of range. */
    SftConfig build();
  }

  /** Each method of the builder sets the record's component of its name. */
  private static Builder emptyBuilder() {
    Map<String, Object> values = new HashMap<>();
    InvocationHandler handler = (builder, method, arguments) -> {
      if (method.isDefault()) {
        return InvocationHandler.invokeDefault(builder, method, arguments);
      } else if (method.getDeclaringClass() == Object.class) {
        return method.invoke(values, arguments); // a notebook prints it
      } else if (method.getName().equals("build")) {
        return of(values);
      }
      values.put(method.getName(), arguments[0]);
      return builder;
    };
    Class<?>[] type = {Builder.class};
    return (Builder) Proxy.newProxyInstance(Builder.class.getClassLoader(), type, handler);
  }

  private static Object of(Map<String, Object> values) throws Throwable {
    Stream<String> names = Stream.of(SftConfig.class.getRecordComponents()).map(RecordComponent::getName);
    return MethodHandles.lookup()
      .unreflectConstructor(SftConfig.class.getDeclaredConstructors()[0])
      .invokeWithArguments(names.map(values::get).toArray());
  }
}
