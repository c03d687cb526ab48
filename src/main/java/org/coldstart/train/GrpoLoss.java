package org.coldstart.train;

/**
 * The loss of one token and its gradient. With A the reply's advantage, ρ = π/π_old how much likelier the token has
 * become since it was drawn, and d = log π_ref − log π:
 *
 * <pre>
 * loss   = −min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) + β ρ (eᵈ − d − 1)
 * weight = ρ A where the first is the smaller, else 0,  + β ρ d
 * </pre>
 *
 * <p>
 * The weight is that of −log π with the same gradient. The term under β estimates the divergence from the reference
 * (Schulman's k3), with ρ so that it stays one of the model as it is (TRL's {@code use_bias_correction_kl}).
 *
 * @param ratio ρ
 * @param toReference d; 0 without reference
 */
record GrpoLoss(GrpoConfig config, double advantage, double ratio, double toReference) {

  double loss() {
    double clipped = Math.max(1 - config.epsilon(), Math.min(1 + config.epsilon(), ratio));
    return -Math.min(ratio * advantage, clipped * advantage) + config.beta() * ratio * divergence();
  }

  double weight() {
    return (isClipped() ? 0 : ratio * advantage) + config.beta() * ratio * toReference;
  }

  /** Whether the token has been made likelier, or less likely, by as much as one batch may. */
  boolean isClipped() {
    return advantage > 0 ? ratio > 1 + config.epsilon() : advantage < 0 && ratio < 1 - config.epsilon();
  }

  double divergence() {
    return Math.exp(toReference) - toReference - 1;
  }
}
