package org.coldstart.train;

import ai.djl.engine.EngineException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.coldstart.data.Example;

/** Why a run cannot go on: a sentence with the step and the way out, and the last checkpoint. */
record Failures(Objective<?> objective, SftConfig config, TrainerState state) {

  private static final Pattern OUT_OF_MEMORY = Pattern
    .compile("(?i)can't allocate memory|not enough memory|out of memory");

  private static final String LESS_MEMORY = "Take a smaller perDeviceTrainBatchSize with more"
      + " gradientAccumulationSteps, a smaller perDeviceEvalBatchSize or maxLength, LoRA, or"
      + " optim(OptimizerName.ADAMW_8BIT)";

  /** The last checkpoint the run has saved, or null. */
  Path lastCheckpoint() {
    return state.savedSteps.isEmpty() ? null : Checkpoints.folder(config, state.savedSteps.last());
  }

  /** Whether memory ran out: the JVM's, the machine's or the GPU's. */
  static boolean isOutOfMemory(Throwable error) {
    return error instanceof OutOfMemoryError
        || error instanceof EngineException && OUT_OF_MEMORY.matcher(String.valueOf(error.getMessage())).find();
  }

  /** Does some work; memory that runs out in it is reported by another exception. */
  static <T> T withMemory(Supplier<T> work, Function<Throwable, TrainingException> report) {
    try {
      return work.get();
    } catch (RuntimeException | OutOfMemoryError e) {
      if (isOutOfMemory(e)) {
        throw report.apply(e);
      }
      throw e;
    }
  }

  /** Memory ran out in the next step, at these rows. */
  TrainingException outOfMemory(List<Example> rows, Throwable cause) {
    int longest = rows.stream().mapToInt(Example::length).max().orElse(0);
    String place = " in step %d with a batch of %d × %d tokens (%s)".formatted(state.globalStep + 1, rows.size(),
        longest, objective.rowNumbers(rows));
    return outOfMemory(place, LESS_MEMORY, lastCheckpoint(), cause);
  }

  /** Memory ran out outside of a batch: for gradients, optimizer, evaluation or a checkpoint. */
  TrainingException outOfMemory(Throwable cause) {
    String place = state.globalStep == 0 ? " before the first step" : " after step " + state.globalStep;
    return outOfMemory(place, LESS_MEMORY, lastCheckpoint(), cause);
  }

  /** Restores a checkpoint, under which settings cannot change if memory runs out. */
  static <T> T resuming(Path checkpoint, Supplier<T> restoring) {
    String place = " while resuming from " + checkpoint.getFileName();
    String remedy = "A resumed run keeps its settings: close what else holds memory";
    return withMemory(restoring, cause -> outOfMemory(place, remedy, checkpoint, cause));
  }

  private static TrainingException outOfMemory(String place, String remedy, Path last, Throwable cause) {
    boolean heap = cause instanceof OutOfMemoryError;
    String message = (heap ? "The Java heap is full" : "Memory ran out") + place + ". " + remedy
        + (heap ? ", or give Java more with -Xmx." : ".");
    return failure(message, last, false, cause);
  }

  /** The loss or the gradient norm of the next step is not finite. */
  TrainingException diverged(String what, double value, List<Example> rows) {
    String message = "The %s of step %d is %s at %s of the training data: it has diverged. Load the model or a"
        + " checkpoint again and train with a lower learning rate.";
    String rowNumbers = objective.rowNumbers(rows);
    return failure(message.formatted(what, state.globalStep + 1, value, rowNumbers), lastCheckpoint(), false, null);
  }

  /** A listener or the disk failed between two steps: nothing is lost. */
  TrainingException betweenSteps(String reason, Throwable cause) {
    String message = "Training stopped after step %d: %s%s The model holds that step; resume() goes on."
      .formatted(state.globalStep, reason, reason.endsWith(".") ? "" : ".");
    return failure(message, lastCheckpoint(), true, cause);
  }

  private static TrainingException failure(String message, Path last, boolean canResume, Throwable cause) {
    String checkpoint = last == null ? " No checkpoint was saved." : " The last good checkpoint is " + last + ".";
    return new TrainingException(message + checkpoint, last, canResume, cause);
  }
}
