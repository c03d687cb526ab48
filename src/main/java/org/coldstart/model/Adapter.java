package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;

/** An adapter, such as LoRA's, as the model knows it: while one is attached, it is all that is trained. */
public interface Adapter {

  /** What the adapter is like; a training run is resumed only with an adapter that is the same. */
  Record config();

  /** Its tensors by their names in its file. */
  Map<String, NDArray> tensors();

  /**
   * Those tensors, to be trained.
   *
   * @throws IllegalStateException if they are merged into the model's weights at present
   */
  Map<String, NDArray> parameters();

  /** Whether it drops inputs at random in training, so that equal rows give unequal outputs. */
  boolean dropsOut();

  /** Does some work with the model as it is without the adapter, unless that is merged; PEFT's disable_adapter. */
  <T> T disabled(Supplier<T> work);

  /** Turns dropout on for the batch of that number, which decides what is dropped; off without one. */
  void train(OptionalLong batch);
}
