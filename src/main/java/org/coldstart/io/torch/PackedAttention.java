package org.coldstart.io.torch;

/**
 * How packed sequences attend: each position to those of its own sequence up to itself.
 *
 * @param seqLens the sequences' lengths
 * @param scale what the products of queries and keys are multiplied by
 * @param cap scores become {@code cap · tanh(score / cap)}; 0 for none
 * @param window how many positions, itself included, a position attends to
 * @param flash whether to use the CPU's flash kernel, which knows neither cap nor window
 */
public record PackedAttention(long[] seqLens, int keyValueHeads, double scale, double cap, int window, boolean flash) {}
