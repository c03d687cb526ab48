package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import org.coldstart.model.Gradients;

/** What moves the parameters along their gradients, and the state it keeps for that. */
interface Optimizer extends AutoCloseable {

  /** The optimizer a recipe names, with fresh state for the parameters. */
  static Optimizer of(Map<String, NDArray> parameters, SftConfig config) {
    return switch (config.optim()) {
    case ADAMW -> new AdamW(parameters, config);
    case ADAMW_8BIT -> new AdamW8Bit(parameters, config);
    };
  }

  /** Moves the parameters; the gradients stay as they are. */
  void step(Gradients gradients, double learningRate);

  /**
   * The live state by name, f32 or uint8, to be saved, or to be filled with what was saved. The number of steps is not
   * part of it, see {@link #continueAt}.
   */
  Map<String, NDArray> state();

  /** Sets the number of steps behind the state. */
  void continueAt(int steps);

  @Override
  void close();
}
