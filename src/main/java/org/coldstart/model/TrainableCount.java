package org.coldstart.model;

import java.util.Locale;

/**
 * How much of a model is trained; prints as PEFT's {@code print_trainable_parameters} does.
 *
 * @param trainable values that training changes
 * @param all values of the model, an adapter's among them
 */
public record TrainableCount(long trainable, long all) {

  /** The trained share, 0 to 100. */
  public double percent() {
    return 100.0 * trainable / all;
  }

  /** Bytes of f32 AdamW's state: two moments for each trained value. */
  public long adamWBytes() {
    return 2L * Float.BYTES * trainable;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "trainable params: %,d || all params: %,d || trainable%%: %.4f",
        trainable,
        all,
        percent());
  }
}
