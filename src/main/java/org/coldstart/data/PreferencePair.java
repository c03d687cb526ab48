package org.coldstart.data;

import java.util.Arrays;

/**
 * Two replies to one prompt, one of them better, as DPO learns from.
 *
 * <pre>{@code
 * new PreferencePair(builder.build(row, PromptCompletion.of(question, good)),
 *     builder.build(row, PromptCompletion.of(question, bad)));
 * }</pre>
 *
 * @param chosen prompt and better reply, whose tokens are kept
 * @param rejected the same prompt and the worse reply
 */
public record PreferencePair(Example chosen, Example rejected) {

  /** Whether the two are different texts at all; nothing can be learnt from a pair that does not differ. */
  public boolean differs() {
    return !Arrays.equals(chosen.ids(), rejected.ids());
  }
}
