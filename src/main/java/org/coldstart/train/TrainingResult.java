package org.coldstart.train;

import java.util.OptionalLong;

/**
 * What a run came to.
 *
 * @param steps optimizer steps taken
 * @param rows rows trained on, repeats counted
 * @param tokens tokens trained on, padding left out
 * @param seconds wall-clock time, evaluation and saving included
 * @param tokensPerSecond tokens a second of training, evaluation and saving left out
 * @param trainLoss mean loss over all kept tokens of the run
 * @param evalLoss of the last evaluation; NaN if there was none
 * @param peakMemory most bytes resident in the process so far; empty where the system does not tell
 * @param interrupted whether the run was stopped before its end; the model holds what was reached
 * @param log the rows logged
 */
public record TrainingResult(
    int steps,
    long rows,
    long tokens,
    double seconds,
    double tokensPerSecond,
    double trainLoss,
    double evalLoss,
    OptionalLong peakMemory,
    boolean interrupted,
    TrainingLog log) {

  @Override
  public String toString() {
    return String.format(
        java.util.Locale.ROOT,
        "%s %d steps, %d rows, %,d tokens in %.0f s (%.0f tokens/s); train loss %.4f, eval loss"
            + " %.4f%s",
        interrupted ? "Interrupted after" : "Trained",
        steps,
        rows,
        tokens,
        seconds,
        tokensPerSecond,
        trainLoss,
        evalLoss,
        peakMemory.isPresent()
            ? String.format(
                java.util.Locale.ROOT, "; peak memory %.2f GiB", peakMemory.getAsLong() / 0x1p30)
            : "");
  }
}
