package org.coldstart.train;

import java.nio.file.Path;

/**
 * Notified as a run goes: progress bars, charts and logs are listeners. All methods do nothing by default, and are
 * called on the training thread between two steps, after a checkpoint that is due.
 *
 * <p>
 * An exception thrown here ends the run with a {@link TrainingException} that names the listener; nothing is lost, and
 * the trainer's {@code resume()} goes on.
 */
public interface TrainingListener {

  /**
   * A run goes on that was stopped before: the first call to a listener of {@code resume}, so that a chart can go on as
   * well.
   *
   * @param reached where the run was stopped; its loss is NaN before the first step
   * @param log what was logged up to there
   */
  default void onResume(Step reached, TrainingLog log) {}

  /** A row of the log is due: after every {@code loggingSteps} steps and after the last. */
  default void onLog(TrainingLog.Entry entry) {}

  /** An optimizer step is done. */
  default void onStep(Step step) {}

  /** A checkpoint has been saved. */
  default void onSave(Path folder) {}

  /** The run has come to its end or was interrupted; not called after an exception. */
  default void onEnd(TrainingResult result) {}

  /**
   * How far a run is.
   *
   * @param step optimizer steps done
   * @param totalSteps steps of the whole run
   * @param loss mean loss of the step's kept tokens
   * @param tokensPerSecond tokens, without padding, a second since the start
   * @param secondsLeft at the pace so far
   */
  record Step(int step, int totalSteps, double loss, double tokensPerSecond, double secondsLeft) {}
}
