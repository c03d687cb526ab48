package org.coldstart.train;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a run came to; of a resumed run, all of it.
 *
 * @param steps optimizer steps taken
 * @param rows rows trained on, repeats counted
 * @param tokens tokens trained on, padding left out
 * @param seconds wall-clock time, evaluation and saving included
 * @param tokensPerSecond tokens a second of training, evaluation and saving left out
 * @param trainLoss mean loss over all kept tokens of the run
 * @param evalLoss of the weights the model now holds; NaN if there was no evaluation
 * @param peakMemory most bytes resident in the process so far; empty where the system does not tell
 * @param interrupted whether the run was stopped before its end; the model holds what was reached,
 *     and the trainer's {@code resume()} goes on from there
 * @param stoppedEarly whether the eval loss had not become better for too long
 * @param lastCheckpoint the newest checkpoint of the run
 * @param bestCheckpoint the one with the lowest eval loss, if that was saved
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
    boolean stoppedEarly,
    Optional<Path> lastCheckpoint,
    Optional<Path> bestCheckpoint,
    TrainingLog log) {

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s %d steps, %d rows, %,d tokens in %.0f s (%.0f tokens/s); train loss %.4f%s%s%s",
        interrupted ? "Interrupted after" : stoppedEarly ? "Stopped early after" : "Trained",
        steps,
        rows,
        tokens,
        seconds,
        tokensPerSecond,
        trainLoss,
        Double.isNaN(evalLoss) ? "" : String.format(Locale.ROOT, ", eval loss %.4f", evalLoss),
        peakMemory.isPresent()
            ? String.format(Locale.ROOT, "; peak memory %.2f GiB", peakMemory.getAsLong() / 0x1p30)
            : "",
        interrupted
            ? lastCheckpoint.map(folder -> "; saved in " + folder).orElse("; resume() goes on")
            : "");
  }
}
