package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * How packed sequences attend: each position to those of its own sequence up to itself, and to a prefix before them.
 *
 * @param seqLens the sequences' lengths
 * @param keyValueHeads how many heads of keys and values there are
 * @param scale what the products of queries and keys are multiplied by
 * @param cap scores become {@code cap · tanh(score / cap)}; 0 for none
 * @param window how many positions, itself included, a position attends to
 * @param prefix keys and values of what all sequences continue, shape (length, key-value heads · size), and for
 * backward the sums of their gradients, f32; empty for none
 */
public record PackedAttention(long[] seqLens, int keyValueHeads, double scale, double cap, int window,
    NDArray... prefix) {

  /** Queries taken at a time: on a CPU so that their scores stay in its cache. */
  private static final int BLOCK = 128;

  private static final int BLOCK_OF_GPU = 1024;

  int block() {
    return Torch.device().isGpu() ? BLOCK_OF_GPU : BLOCK;
  }
}
