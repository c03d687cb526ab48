package org.coldstart.train;

/** The optimizers a recipe can name. */
public enum OptimizerName {
  /** AdamW with f32 state (Loshchilov and Hutter, 2019): 8 bytes a parameter. */
  ADAMW,
  /**
   * AdamW with 8-bit state (Dettmers et al., 2022), which the article uses: 2 bytes a parameter.
   */
  ADAMW_8BIT
}
