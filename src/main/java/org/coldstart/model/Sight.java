package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/**
 * Where the positions of a pass stand, and which keys each of them sees.
 *
 * @param cos cosine of each position's angles, shape broadcastable to (batch, heads, time, head
 *     size)
 * @param sin likewise
 * @param mask added to the attention scores, broadcastable to (batch, heads, time, keys), or null
 * @param causal without a mask: whether each position sees those up to itself only, or all
 */
record Sight(NDArray cos, NDArray sin, NDArray mask, boolean causal) {}
