package org.coldstart.train;

/** What the tokens' losses of a step are a mean over; TRL's {@code loss_type}. */
public enum GrpoLossType {
  /** Each reply's tokens first, then the replies: a token of a long reply counts less (Shao et al., 2024). */
  GRPO,
  /** Replies times the longest they may be, the same for all (Dr. GRPO, Liu et al., 2025). */
  DR_GRPO,
  /** All tokens of the step (DAPO, Yu et al., 2025). */
  DAPO
}
