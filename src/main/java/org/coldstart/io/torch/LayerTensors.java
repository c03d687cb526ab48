package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * What {@link DecoderOps#decode} needs of a layer; arrays without elements stand for what it has not.
 *
 * @param norms before attention, of queries, of keys, after attention, before and after feed-forward
 * @param linears W, its scales and b of query, key and value in one, output, gate and up in one, and down
 * @param deltas LoRA's A and B on query, key, value, output, gate, up and down; empty if there is none
 * @param deltaScales what B·A is multiplied with, 0 for a layer without
 * @param eps of the norms
 * @param onePlus whether their factor is 1 + weight
 * @param silu whether the gated unit's function is silu
 * @param scale of the attention scores
 * @param cap of those scores, 0 for none
 */
public record LayerTensors(NDArray[] norms, NDArray[] linears, NDArray[] deltas, double[] deltaScales, double eps,
    boolean onePlus, boolean silu, double scale, double cap) {
}
