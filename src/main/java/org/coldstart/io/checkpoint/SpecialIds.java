package org.coldstart.io.checkpoint;

import java.util.List;

/**
 * The ids that {@code config.json} gives a meaning.
 *
 * @param bos begins a text, or null
 * @param eos end a text, may be empty
 * @param pad fills batches, or null
 */
public record SpecialIds(Integer bos, List<Integer> eos, Integer pad) {

  public SpecialIds {
    eos = List.copyOf(eos);
  }
}
