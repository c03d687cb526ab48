package org.coldstart.generate;

import org.coldstart.io.config.GenerationConfig;

/**
 * How the next token is chosen from the model's logits.
 *
 * <pre>{@code
 * Sampling.greedy();
 * Sampling.temperature(0.8, seed).withTopK(50).withRepetitionPenalty(1.3, 64);
 * }</pre>
 *
 * <p>
 * The steps run in transformers' order: repetition penalty, temperature, top-k, top-p, softmax, one draw from what is
 * left (multinomial).
 *
 * @param temperature divides the logits; 0 takes the likeliest token (greedy), 1 the model's own distribution
 * @param topK only the k likeliest tokens stay; 0 keeps all; no more than the vocabulary has
 * @param topP only the likeliest tokens that together reach this probability stay; 1 keeps all
 * @param repetitionPenalty above 1 makes tokens that were there less likely to come again: a positive logit is divided
 * by it, a negative one multiplied (Keskar et al., 2019), once however often the token was there; 1 is off
 * @param repetitionRange which tokens were "there": the last so many that were generated, the prompt not counted; 0 for
 * all of prompt and reply, as in transformers
 * @param seed of the draws: the same seed and the same prompts give the same replies; the rows of a batch draw in turn,
 * so a prompt's reply also depends on its neighbours
 */
public record Sampling(double temperature, int topK, double topP, double repetitionPenalty, int repetitionRange,
    long seed) {

  /** Checks the ranges. */
  public Sampling {
    require(temperature >= 0 && Double.isFinite(temperature), "temperature must be 0 (greedy) or more", temperature);
    require(topK >= 0, "topK must be 0 (off) or more", topK);
    require(topP > 0 && topP <= 1, "topP must be above 0 and at most 1", topP);
    require(repetitionPenalty > 0 && Double.isFinite(repetitionPenalty), "repetitionPenalty must be above 0",
        repetitionPenalty);
    require(repetitionRange >= 0, "repetitionRange must be 0 (all of prompt and reply) or more", repetitionRange);
  }

  private static void require(boolean holds, String rule, Number value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + ", not " + value + ".");
    }
  }

  /** Always the likeliest token. */
  public static Sampling greedy() {
    return temperature(0, 0);
  }

  /**
   * The sampling of a checkpoint's {@code generation_config.json}.
   *
   * @throws IllegalArgumentException if it has an option that is not implemented, naming it
   */
  public static Sampling of(GenerationConfig config, long seed) {
    if (!config.otherOptions().isEmpty()) {
      throw new IllegalArgumentException("generation_config.json asks for " + String.join(", ", config.otherOptions())
          + ", which is not implemented; choose the sampling yourself, such as" + " Sampling.greedy().");
    }
    Sampling plain = config.doSample()
        ? temperature(config.temperature(), seed).withTopK(config.topK()).withTopP(config.topP())
        : greedy().withSeed(seed);
    return plain.withRepetitionPenalty(config.repetitionPenalty());
  }

  /** Draws from the distribution at a temperature, with nothing cut off. */
  public static Sampling temperature(double temperature, long seed) {
    return new Sampling(temperature, 0, 1, 1, 0, seed);
  }

  /** The same with only the k likeliest tokens. */
  public Sampling withTopK(int k) {
    return new Sampling(temperature, k, topP, repetitionPenalty, repetitionRange, seed);
  }

  /** The same with only the likeliest tokens that together reach probability p. */
  public Sampling withTopP(double p) {
    return new Sampling(temperature, topK, p, repetitionPenalty, repetitionRange, seed);
  }

  /** The same with a repetition penalty on all tokens of prompt and reply, as in transformers. */
  public Sampling withRepetitionPenalty(double penalty) {
    return new Sampling(temperature, topK, topP, penalty, 0, seed);
  }

  /**
   * The same with a repetition penalty on the latest tokens of the reply; those of the prompt may come again.
   *
   * @param range how many generated tokens it looks back on, at least 1
   */
  public Sampling withRepetitionPenalty(double penalty, int range) {
    require(range > 0, "the range of a repetition penalty must be at least 1", range);
    return new Sampling(temperature, topK, topP, penalty, range, seed);
  }

  /** The same with other draws. */
  public Sampling withSeed(long other) {
    return new Sampling(temperature, topK, topP, repetitionPenalty, repetitionRange, other);
  }
}
