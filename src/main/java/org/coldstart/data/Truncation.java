package org.coldstart.data;

/** What becomes of rows with more tokens than allowed. */
public enum Truncation {
  /** Left out whole: half an answer carries no end-of-turn token. */
  DROP,
  /** Cut on the right, as TRL does ({@code truncation_mode="keep_start"}). */
  CUT
}
