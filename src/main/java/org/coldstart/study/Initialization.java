package org.coldstart.study;

import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.coldstart.model.EmbeddingInit;

/**
 * An initialization of the rows of new tokens, by name.
 *
 * @param name for tables and charts
 * @param init for a seed
 */
public record Initialization(String name, LongFunction<EmbeddingInit> init) {

  private static final double NOISE = 0.5;
  private static final Map<String, String> DESCRIPTIONS = Map.of("<think>", "the model begins to think step by step",
      "</think>", "the model has thought enough and stops thinking", "<answer>", "now comes the short answer",
      "</answer>", "the answer is complete and the reply ends");

  /**
   * The six that are compared.
   *
   * @param source the token whose row is cloned
   */
  public static List<Initialization> all(String source) {
    return List.of(new Initialization("clone", seed -> new EmbeddingInit.Clone(source)),
        new Initialization("clone + noise", seed -> new EmbeddingInit.CloneWithNoise(source, NOISE, seed)),
        new Initialization("mean", seed -> new EmbeddingInit.Mean()),
        new Initialization("mean of sub-tokens", seed -> new EmbeddingInit.MeanOfSubTokens()),
        new Initialization("random", EmbeddingInit.RandomDeviation::new),
        new Initialization("description + noise",
            seed -> new EmbeddingInit.MeanOfDescription(DESCRIPTIONS, NOISE, seed)));
  }
}
