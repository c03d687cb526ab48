package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * A decoder's layers as {@link DecoderOps#decode} takes them, one after the other; arrays without elements stand for
 * what they have not.
 *
 * @param norms six a layer: before attention, of queries, of keys, after attention, before and after feed-forward
 * @param linears four a layer, W, its scales and b of each: query, key and value in one, output, gate and up in one,
 * down
 * @param kinds each layer's kind, by which it finds its {@link Reach}
 * @param eps of the norms
 * @param onePlus whether their factor is 1 + weight
 * @param silu whether the gated unit's function is silu
 * @param scale of the attention scores
 * @param cap of those scores, 0 for none
 */
public record DecodedLayers(NDArray[] norms, NDArray[] linears, long[] kinds, double eps, boolean onePlus,
    boolean silu, double scale, double cap) {

  /**
   * LoRA's A and B for seven linear layers a layer: query, key, value, output, gate, up, down.
   *
   * @param factors A and B of each, or two arrays of which the second has B's height
   * @param scales what B·A is multiplied with, 0 for a layer without
   */
  public record Deltas(NDArray[] factors, double[] scales) {

    /** Without an adapter. */
    public static final Deltas NONE = new Deltas(new NDArray[0], new double[0]);
  }

  /**
   * By kind of layer: how tokens are rotated, and what they attend to.
   *
   * @param cos shape (batch · time, 1, size), as {@link DecoderOps#rotate} takes it; sin alike
   * @param masks added to the scores, shape (batch or 1, 1, time, columns), or empty
   * @param starts the first column of the cache that is attended to
   */
  public record Reach(NDArray[] cos, NDArray[] sin, NDArray[] masks, long[] starts) {}
}
