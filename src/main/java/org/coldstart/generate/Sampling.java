package org.coldstart.generate;

import org.coldstart.checkpoint.GenerationConfig;

/**
 * How the next token is chosen from the model's scores.
 *
 * <p>The steps run in transformers' order: repetition penalty, temperature, top-k, top-p.
 *
 * @param temperature divides the logits; 0 takes the likeliest token (greedy), 1 the model's own
 *     distribution
 * @param topK only the k likeliest tokens stay; 0 keeps all
 * @param topP only the likeliest tokens that together reach this probability stay; 1 keeps all
 * @param repetitionPenalty above 1 makes tokens of prompt and reply less likely to come again; 1 is
 *     off
 * @param seed of the draws: the same seed and the same prompts give the same replies; the rows of a
 *     batch draw in turn, so a prompt's reply also depends on what stands beside it
 */
public record Sampling(
    double temperature, int topK, double topP, double repetitionPenalty, long seed) {

  /** Checks the ranges. */
  public Sampling {
    require(
        temperature >= 0 && Double.isFinite(temperature),
        "temperature must be 0 or more",
        temperature);
    require(topK >= 0, "topK must be 0 (off) or more", topK);
    require(topP > 0 && topP <= 1, "topP must be above 0 and at most 1", topP);
    require(
        repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
        "repetitionPenalty must be above 0",
        repetitionPenalty);
  }

  private static void require(boolean holds, String rule, Number value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", not " + value + ".");
    }
  }

  /** Always the likeliest token. */
  public static Sampling greedy() {
    return new Sampling(0, 0, 1, 1, 0);
  }

  /**
   * The way a checkpoint says it likes to be sampled.
   *
   * @throws IllegalArgumentException if it asks for a way of choosing that is not implemented, naming it
   */
  public static Sampling of(GenerationConfig config, long seed) {
    if (!config.otherOptions().isEmpty()) {
      throw new IllegalArgumentException(
          "generation_config.json asks for " + String.join(", ", config.otherOptions())
              + ", which is not implemented; choose the sampling yourself, such as Sampling.greedy().");
    }
    double temperature = config.doSample() ? config.temperature() : 0;
    return new Sampling(temperature, config.topK(), config.topP(), config.repetitionPenalty(), seed);
  }

  /** Draws from the distribution at a temperature, with nothing cut off. */
  public static Sampling temperature(double temperature, long seed) {
    return new Sampling(temperature, 0, 1, 1, seed);
  }

  /** The same with only the k likeliest tokens. */
  public Sampling withTopK(int k) {
    return new Sampling(temperature, k, topP, repetitionPenalty, seed);
  }

  /** The same with only the likeliest tokens that together reach probability p. */
  public Sampling withTopP(double p) {
    return new Sampling(temperature, topK, p, repetitionPenalty, seed);
  }

  /** The same with a repetition penalty. */
  public Sampling withRepetitionPenalty(double penalty) {
    return new Sampling(temperature, topK, topP, penalty, seed);
  }
}
