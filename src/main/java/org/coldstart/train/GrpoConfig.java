package org.coldstart.train;

/**
 * The hyper-parameters of group relative policy optimisation, under TRL's names.
 *
 * <pre>{@code
 * GrpoConfig config = GrpoConfig.builder().numGenerations(8).maxCompletionLength(64)
 *     .perDeviceTrainBatchSize(64).gradientAccumulationSteps(4).learningRate(1e-6).maxSteps(200).build();
 * }</pre>
 *
 * @param training what all trainers have; {@code perDeviceTrainBatchSize} counts replies, so many of which are written
 * side by side, and a step takes as many as that and {@code gradientAccumulationSteps} make
 * @param numGenerations replies to each prompt, a group
 * @param maxCompletionLength most tokens of a reply
 * @param temperature of the draws; the probabilities that are trained are those at it
 * @param beta β, how closely the model is held to a reference; 0 for no reference
 * @param numIterations optimizer steps on the same replies
 * @param epsilon ε, by what share a token's probability may move under one batch of replies before it is left alone
 * @param scaleRewards what advantages are divided by
 * @param lossType what the loss is a mean over
 * @param maskTruncatedCompletions whether replies cut at the limit are left out of the loss
 */
public record GrpoConfig(SftConfig training, int numGenerations, int maxCompletionLength, double temperature,
    double beta, int numIterations, double epsilon, ScaleRewards scaleRewards, GrpoLossType lossType,
    boolean maskTruncatedCompletions) {

  /** Checks the ranges. */
  public GrpoConfig {
    SftConfig.requireAtLeast(2, "numGenerations", numGenerations);
    SftConfig.requireAtLeast(1, "maxCompletionLength", maxCompletionLength);
    SftConfig.require(temperature > 0, "temperature", "above 0", temperature);
    SftConfig.requireAtLeast(0, "beta", beta);
    SftConfig.requireAtLeast(1, "numIterations", numIterations);
    SftConfig.require(epsilon > 0 && epsilon < 1, "epsilon", "in (0, 1)", epsilon);
    training.requireRowsAsTheyAre("GRPO");
    SftConfig.require(training.rowsPerStep() % numGenerations == 0,
        "A step's %d replies (perDeviceTrainBatchSize × gradientAccumulationSteps) are no whole groups of %d."
          .formatted(training.rowsPerStep(), numGenerations));
  }

  /** A builder that holds the defaults: TRL's, the learning rate of 1e-6 among them. */
  public static Builder builder() {
    return new Builder();
  }

  /** Sets hyper-parameters by their names in {@link GrpoConfig} and {@link SftConfig}. */
  public static final class Builder extends TrainingArguments<Builder> {
    private int numGenerations = 8;
    private int maxCompletionLength = 512;
    private double temperature = 1;
    private double beta = 0;
    private int numIterations = 1;
    private double epsilon = 0.2;
    private ScaleRewards scaleRewards = ScaleRewards.GROUP;
    private GrpoLossType lossType = GrpoLossType.DAPO;
    private boolean maskTruncatedCompletions = false;

    private Builder() {
      super(1e-6);
    }

    @Override
    Builder self() {
      return this;
    }

    public Builder numGenerations(int value) {
      numGenerations = value;
      return this;
    }

    public Builder maxCompletionLength(int value) {
      maxCompletionLength = value;
      return this;
    }

    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    public Builder beta(double value) {
      beta = value;
      return this;
    }

    public Builder numIterations(int value) {
      numIterations = value;
      return this;
    }

    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    public Builder scaleRewards(ScaleRewards value) {
      scaleRewards = value;
      return this;
    }

    public Builder lossType(GrpoLossType value) {
      lossType = value;
      return this;
    }

    public Builder maskTruncatedCompletions(boolean value) {
      maskTruncatedCompletions = value;
      return this;
    }

    /** The configuration; throws an {@link IllegalArgumentException} naming a value out of range. */
    public GrpoConfig build() {
      return new GrpoConfig(training(), numGenerations, maxCompletionLength, temperature, beta, numIterations, epsilon,
          scaleRewards, lossType, maskTruncatedCompletions);
    }
  }
}
