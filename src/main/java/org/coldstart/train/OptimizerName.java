package org.coldstart.train;

/** The optimizers a recipe can name. */
public enum OptimizerName {
  /** AdamW with f32 state (Loshchilov and Hutter, 2019): 8 bytes a parameter. */
  ADAMW,
  /** AdamW with 8-bit state (Dettmers et al., 2022), which the article uses: 2 bytes a parameter. */
  ADAMW_8BIT;

  /**
   * Bytes of the two moments of so many parameters. Of 8-bit state a little less than there is: tensors of under 4096
   * values keep theirs in f32.
   */
  public long stateBytes(long parameters) {
    return this == ADAMW ? 2 * Float.BYTES * parameters
        : 2 * parameters + 2 * Float.BYTES * (parameters / AdamW8Bit.BLOCK + 1);
  }
}
