package org.coldstart.evaluate;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * A count out of a total, and how far chance may have moved it.
 *
 * @param hits how many succeeded
 * @param total how many were tried, at least 1
 */
public record Proportion(int hits, int total) {

  private static final double Z = 1.959963984540054; // the normal distribution's 97.5 % point

  /** Checks the ranges. */
  public Proportion {
    if (total < 1 || hits < 0 || hits > total) {
      throw new IllegalArgumentException(hits + " out of " + total + " is no proportion.");
    }
  }

  /**
   * The proportion of a list's elements that pass a test.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static <T> Proportion of(List<T> all, Predicate<? super T> test) {
    return new Proportion((int) all.stream().filter(test).count(), all.size());
  }

  /** In [0, 1]. */
  public double value() {
    return (double) hits / total;
  }

  /** The lower end of the 95 % interval after Wilson (1927), which holds for small counts too. */
  public double low() {
    return hits == 0 ? 0 : bound(-1);
  }

  /** Its upper end. */
  public double high() {
    return hits == total ? 1 : bound(1);
  }

  private double bound(int sign) {
    double centre = value() + Z * Z / (2 * total);
    double halfWidth = Z * Math.sqrt(value() * (1 - value()) / total + Z * Z / (4.0 * total * total));
    return (centre + sign * halfWidth) / (1 + Z * Z / total);
  }

  /** Such as {@code 41 % (32–51 %)}. */
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.0f %% (%.0f–%.0f %%)", 100 * value(), 100 * low(), 100 * high());
  }
}
