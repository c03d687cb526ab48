package org.coldstart.train;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** All listeners of a run; one that throws is named. */
final class Listeners {

  /** A listener's failure, on its way to the run that knows the step. */
  static final class Failure extends RuntimeException {

    private static final long serialVersionUID = 1;

    Failure(TrainingListener listener, Throwable cause) {
      super("The listener " + listener.getClass().getName() + " failed: " + cause, cause);
    }
  }

  private final List<TrainingListener> listeners;

  Listeners(TrainingListener... listeners) {
    this.listeners = List.of(listeners);
  }

  void onResume(TrainingListener.Step reached, TrainingLog log) {
    tell(listener -> listener.onResume(reached, log));
  }

  void onLog(TrainingLog.Entry entry) {
    tell(listener -> listener.onLog(entry));
  }

  void onStep(TrainingListener.Step step) {
    tell(listener -> listener.onStep(step));
  }

  void onSave(Path folder) {
    tell(listener -> listener.onSave(folder));
  }

  void onSample(TrainingLog.Sample sample) {
    tell(listener -> listener.onSample(sample));
  }

  void onEnd(TrainingResult result) {
    tell(listener -> listener.onEnd(result));
  }

  /** Every listener is told, even after one that failed. */
  private void tell(Consumer<TrainingListener> event) {
    Failure failure = null;
    for (TrainingListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (RuntimeException | OutOfMemoryError e) {
        failure = failure == null ? new Failure(listener, e) : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
