package org.coldstart.train;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A run that could not go on: the loss ran away, memory or disk ran out, or a listener failed. The message says at
 * which step and what to do; checkpoints saved before are whole.
 */
public final class TrainingException extends IllegalStateException {

  private static final long serialVersionUID = 1;

  private final transient Path lastCheckpoint;
  private final boolean resumable;

  TrainingException(String message, Path lastCheckpoint, boolean resumable, Throwable cause) {
    super(message, cause);
    this.lastCheckpoint = lastCheckpoint;
    this.resumable = resumable;
  }

  /** The last checkpoint the run has saved. */
  public Optional<Path> lastCheckpoint() {
    return Optional.ofNullable(lastCheckpoint);
  }

  /** Whether the run stopped between two steps, with all state whole: the trainer's {@code resume()} then goes on. */
  public boolean canResume() {
    return resumable;
  }
}
