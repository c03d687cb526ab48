package org.coldstart.train;

import ai.djl.engine.EngineException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;
import org.coldstart.data.Example;

/** Why a run cannot go on, in one sentence that names the step and the way out. */
final class Failures {

  private final TrainingData data;
  private final SftConfig config;

  Failures(TrainingData data, SftConfig config) {
    this.data = data;
    this.config = config;
  }

  /** Whether memory ran out, the JVM's, the machine's or the GPU's. */
  static boolean isOutOfMemory(Throwable error) {
    if (error instanceof OutOfMemoryError) {
      return true;
    }
    String message = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
    return error instanceof EngineException
        && (message.contains("can't allocate memory")
            || message.contains("not enough memory")
            || message.contains("out of memory"));
  }

  TrainingException outOfMemory(int step, List<Example> rows, Path last, Throwable cause) {
    int width = rows.stream().mapToInt(Example::length).max().orElse(0);
    return outOfMemory(
        " in step "
            + step
            + " with a batch of "
            + rows.size()
            + " × "
            + width
            + " tokens ("
            + data.rowNumbers(rows)
            + "). Take a smaller perDeviceTrainBatchSize (it is "
            + config.perDeviceTrainBatchSize()
            + ") and as many more gradientAccumulationSteps, a smaller maxLength, or"
            + " optim(OptimizerName.ADAMW_8BIT)",
        last,
        cause);
  }

  /** Memory ran out outside of a batch. */
  TrainingException outOfMemory(int step, Path last, Throwable cause) {
    return outOfMemory(
        (step == 0 ? " before the first step" : " after step " + step)
            + ", for gradients, optimizer state, an evaluation or a checkpoint. Take"
            + " optim(OptimizerName.ADAMW_8BIT), train less of the model (LoRA), a smaller"
            + " perDeviceEvalBatchSize (it is "
            + config.perDeviceEvalBatchSize()
            + ") or a smaller maxLength",
        last,
        cause);
  }

  /**
   * Does some work; if memory runs out in it, that is told in a sentence.
   *
   * @param told what to throw instead
   */
  static <T> T roomFor(Supplier<T> work, Function<Throwable, TrainingException> told) {
    try {
      return work.get();
    } catch (RuntimeException | OutOfMemoryError e) {
      if (isOutOfMemory(e)) {
        throw told.apply(e);
      }
      throw e;
    }
  }

  /**
   * Puts a checkpoint back. If memory runs out meanwhile, the way out is to find more: with other
   * settings it would be another run.
   *
   * @throws TrainingException naming the checkpoint, if memory runs out
   */
  static <T> T resuming(Path checkpoint, Supplier<T> restoring) {
    return roomFor(
        restoring,
        cause ->
            outOfMemory(
                " while resuming from "
                    + checkpoint.getFileName()
                    + ", for weights or optimizer state. A resumed run keeps its settings, so close"
                    + " what else holds memory, such as another model",
                checkpoint,
                cause));
  }

  private static TrainingException outOfMemory(String whereAndWayOut, Path last, Throwable cause) {
    boolean heap = cause instanceof OutOfMemoryError;
    return new TrainingException(
        (heap ? "The Java heap is full" : "Memory ran out")
            + whereAndWayOut
            + (heap ? ", or give Java more with -Xmx" : "")
            + ". "
            + lastCheckpoint(last),
        last,
        false,
        cause);
  }

  TrainingException noNumber(int step, double loss, List<Example> rows, Path last) {
    return diverged("The loss of step " + step + " is " + loss, rows, last);
  }

  TrainingException noGradient(int step, double norm, List<Example> rows, Path last) {
    return diverged("The gradient of step " + step + " has the norm " + norm, rows, last);
  }

  private TrainingException diverged(String what, List<Example> rows, Path last) {
    return new TrainingException(
        what
            + " at "
            + data.rowNumbers(rows)
            + " of the training data: the weights have run away. "
            + lastCheckpoint(last)
            + " Load that or the model again and train with a lower learning rate.",
        last,
        false,
        null);
  }

  /** A listener or the disk failed, between two steps: nothing is lost. */
  static TrainingException betweenSteps(int step, Path last, RuntimeException cause) {
    String message = String.valueOf(cause.getMessage()).strip();
    return new TrainingException(
        "Training stopped after step "
            + step
            + ": "
            + message
            + (message.endsWith(".") ? " " : ". ")
            + "The model holds that step; resume() goes on. "
            + lastCheckpoint(last),
        last,
        true,
        cause);
  }

  private static String lastCheckpoint(Path last) {
    return last == null ? "No checkpoint was saved." : "The last good checkpoint is " + last + ".";
  }
}
