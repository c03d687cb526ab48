package org.coldstart.study;

import java.util.List;
import java.util.function.LongFunction;
import org.coldstart.model.RowInit;

/**
 * A way of starting the rows of new tokens, by name.
 *
 * @param name for tables and charts
 * @param init the way, for a seed
 */
public record Initialization(String name, LongFunction<RowInit> init) {

  private static final double NOISE = 0.5;

  /**
   * The five ways compared.
   *
   * @param source the token whose row the clones copy
   */
  public static List<Initialization> all(String source) {
    return List.of(
        new Initialization("clone", seed -> new RowInit.Clone(source)),
        new Initialization(
            "clone + noise", seed -> new RowInit.CloneWithNoise(source, NOISE, seed)),
        new Initialization("mean", seed -> new RowInit.Mean()),
        new Initialization("mean of sub-tokens", seed -> new RowInit.MeanOfSubTokens()),
        new Initialization("random", RowInit.RandomDeviation::new));
  }
}
