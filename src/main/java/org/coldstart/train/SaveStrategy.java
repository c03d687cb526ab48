package org.coldstart.train;

/** When a run with an {@code outputDir} saves checkpoints; all but {@link #NO} also at its end. */
public enum SaveStrategy {
  /** Never by the clock; the best and what an interrupt reached are saved all the same. */
  NO,
  /** Every {@code saveSteps} optimizer steps. */
  STEPS,
  /** At each epoch's end. */
  EPOCH
}
