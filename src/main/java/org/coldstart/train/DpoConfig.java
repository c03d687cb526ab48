package org.coldstart.train;

/**
 * The hyper-parameters of direct preference optimisation, under TRL's names.
 *
 * <pre>{@code
 * DpoConfig config = DpoConfig.builder().beta(0.1).learningRate(5e-6).numTrainEpochs(1).build();
 * }</pre>
 *
 * @param training what all trainers have; a row is a pair. Pairs are neither packed nor grouped by length, and there is
 * no noise on the embeddings
 * @param beta β, how closely the model is held to the reference: a small one lets it go far
 * @param lossType the loss of a pair
 */
public record DpoConfig(SftConfig training, double beta, DpoLossType lossType) {

  /** Checks the ranges. */
  public DpoConfig {
    SftConfig.require(beta > 0, "beta", "above 0", beta);
    training.requireRowsAsTheyAre("DPO");
  }

  /** A builder that holds the defaults: TRL's, the learning rate of 1e-6 among them. */
  public static Builder builder() {
    return new Builder();
  }

  /** Sets hyper-parameters by their names in {@link DpoConfig} and {@link SftConfig}. */
  public static final class Builder extends TrainingArguments<Builder> {
    private double beta = 0.1;
    private DpoLossType lossType = DpoLossType.SIGMOID;

    private Builder() {
      super(1e-6);
    }

    @Override
    Builder self() {
      return this;
    }

    public Builder beta(double value) {
      beta = value;
      return this;
    }

    public Builder lossType(DpoLossType value) {
      lossType = value;
      return this;
    }

    /** The configuration; throws an {@link IllegalArgumentException} naming a value out of range. */
    public DpoConfig build() {
      return new DpoConfig(training(), beta, lossType);
    }
  }
}
