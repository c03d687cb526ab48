package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/**
 * Where the positions of a pass stand, and which keys each of them sees.
 *
 * @param cos cosine of each position's angles, shape (n, 1, head size), in the type of activations
 * @param sin likewise
 * @param minusSin for the way back
 * @param mask with a cache: added to the attention scores, or null if every key may be seen
 * @param window without one: how many positions, itself included, a position sees
 * @param flash without one: whether the flash kernel serves, which knows neither window nor cap
 */
record AttentionContext(NDArray cos, NDArray sin, NDArray minusSin, NDArray mask, int window, boolean flash) {}
