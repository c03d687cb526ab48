package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Seeded choices. {@link Random}'s algorithm is fixed by its specification, so a seed means the same on every JVM.
 */
final class Draw {
  private final Random random;

  Draw(long seed) {
    random = new Random(seed);
  }

  /** An integer from {@code low} to {@code high}, both included. */
  int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  /** {@code count} different elements of {@code from}, in random order. */
  <T> List<T> pick(List<T> from, int count) {
    List<T> rest = new ArrayList<>(from);
    List<T> picked = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      picked.add(rest.remove(random.nextInt(rest.size())));
    }
    return picked;
  }
}
