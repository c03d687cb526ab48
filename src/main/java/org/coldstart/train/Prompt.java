package org.coldstart.train;

import org.coldstart.data.DataRow;

/**
 * What the model is asked in reinforcement learning.
 *
 * @param ids up to where the reply begins, such as {@code generator.promptIds(messages)}
 * @param row what the rewards look things up in, such as the right answer
 */
public record Prompt(int[] ids, DataRow row) {}
