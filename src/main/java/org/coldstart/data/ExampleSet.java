package org.coldstart.data;

import java.util.List;

/**
 * The examples of a data set.
 *
 * @param examples in the data set's order
 * @param dropped how many rows were too long and left out
 * @param cut how many of the examples were too long and cut
 */
public record ExampleSet(List<Example> examples, int dropped, int cut) {

  /** The number of examples. */
  public int size() {
    return examples.size();
  }

  /** Tokens of all examples. */
  public long tokens() {
    return examples.stream().mapToLong(Example::length).sum();
  }

  /** Tokens that carry loss. */
  public long keptTokens() {
    return examples.stream().mapToLong(Example::keptTokens).sum();
  }
}
