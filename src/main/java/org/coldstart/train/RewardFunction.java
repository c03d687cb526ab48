package org.coldstart.train;

import org.coldstart.data.DataRow;
import org.coldstart.generate.Generation;

/** How good a reply is: all that reinforcement learning is told about it. */
@FunctionalInterface
public interface RewardFunction {

  /**
   * The reward of one reply, a finite number; only differences between replies to the same prompt count. It is called
   * on the training thread.
   *
   * @param row of the prompt
   */
  double reward(DataRow row, Generation reply);
}
