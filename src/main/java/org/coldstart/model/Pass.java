package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import org.coldstart.torch.Precision;

/**
 * What all layers share in one pass through the decoder.
 *
 * @param precision of the matrix products
 * @param cos cosine of each position's angles, shape broadcastable to (batch, heads, time, head
 *     size)
 * @param sin likewise
 * @param mask added to the attention scores when a cache is used; null if every key may be seen
 * @param cache keys and values of earlier passes, or null for a plain causal pass over whole rows
 */
record Pass(Precision precision, NDArray cos, NDArray sin, NDArray mask, KvCache cache) {}
