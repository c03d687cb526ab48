package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/**
 * The positions of a pass's tokens, and what each attends to, in layers of one kind.
 *
 * @param cos cosines of each position's angles, shape (n, 1, head size), in the type of activations
 * @param sin sines, likewise
 * @param mask with a cache: added to the attention scores; null if nothing is hidden
 * @param window how many positions, itself included, a position attends to
 * @param flash without a cache: whether the CPU's flash kernel serves
 */
record AttentionContext(NDArray cos, NDArray sin, NDArray mask, int window, boolean flash) {}
