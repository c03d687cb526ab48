package org.coldstart.train;

import java.util.Arrays;
import org.coldstart.data.Example;

/**
 * A reply of a group, as it was drawn and judged.
 *
 * @param row the prompt's place in the data, counted from 1
 * @param ids prompt and reply
 * @param promptLength how many of them are the prompt's
 * @param text of the reply
 * @param truncated whether it was cut at the limit
 * @param masked whether it is left out of the loss for that
 * @param rewards one by one
 * @param reward their weighted sum
 * @param advantage how much better it is than its group
 * @param oldLogProbs of its tokens under the model that drew it; null where one update a batch needs none
 * @param refLogProbs of its tokens under the reference; null without one
 */
public record Completion(int row, int[] ids, int promptLength, String text, boolean truncated, boolean masked,
    double[] rewards, double reward, double advantage, float[] oldLogProbs, float[] refLogProbs) {

  /** The reply's tokens. */
  public int length() {
    return ids.length - promptLength;
  }

  /** Prompt and reply as an example whose reply is kept, unless it is masked. */
  Example example() {
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, promptLength, ids.length, !masked);
    return new Example(ids, mask);
  }

  Completion with(float[] old, float[] ref) {
    return new Completion(row, ids, promptLength, text, truncated, masked, rewards, reward, advantage, old, ref);
  }
}
