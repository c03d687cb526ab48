package org.coldstart.io.torch;

import ai.djl.ndarray.NDArray;

/**
 * What decoding with a cache does for the next token of a few rows: more at a time than {@link
 * DecoderOps}, for with so little data it is the calls that cost.
 */
public final class IncrementalOps {

  private static final TorchScript OPS = DecoderOps.OPS;

  private IncrementalOps() {}

  /**
   * {@link DecoderOps#linear} in f32 of a few vectors, where reading the weight is what takes the
   * time.
   *
   * @param x shape (n, in)
   * @param weight shape (out, in)
   * @param bias shape (out), or null
   * @return shape (n, out), in x's type
   */
  public static NDArray linearOfFew(NDArray x, NDArray weight, NDArray bias) {
    return OPS.call("linear_few", x.getManager(), x, weight, TorchScript.optional(bias), parts());
  }

  /**
   * Rotates the next token's query and key of each row, puts key and value into the cache, and
   * attends to what the cache holds from {@code start} to that token.
   *
   * @param q shape (batch, heads · size), or that by head
   * @param k shape (batch, key-value heads · size), or that by head; {@code v} alike
   * @param cos shape (batch, 1, size), {@code sin} alike
   * @param keys shape (rows, key-value heads, room, size), {@code values} alike; of its rows the
   *     first {@code batch} are written
   * @param start the first position seen
   * @param end the new token's position in the cache
   * @param mask added to the scores, shape (batch, 1, 1, end + 1 − start), or null
   * @param cap of the scaled scores, see {@link DecoderOps#softcap}; 0 for none
   * @return shape (batch, heads · size)
   */
  public static NDArray attendNext(
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray cos,
      NDArray sin,
      NDArray keys,
      NDArray values,
      long start,
      long end,
      NDArray mask,
      double scale,
      double cap) {
    return OPS.call(
        "attend_next",
        q.getManager(),
        q,
        k,
        v,
        cos,
        sin,
        keys,
        values,
        start,
        end,
        TorchScript.optional(mask),
        scale,
        cap);
  }

  /**
   * Takes the next token of each row through a whole layer of a decoder in one call; x becomes what
   * the layer made of it. Where a norm or a bias is missing stands an array without elements.
   *
   * @param x shape (batch, hidden); overwritten
   * @param norms weights of the norms before attention, of queries, of keys, after attention,
   *     before and after the feed-forward half
   * @param eps of all norms
   * @param onePlus see {@link DecoderOps#rmsNormOnePlus}
   * @param weights of query, key and value in one, of output, of gate and up in one, of down
   * @param biases likewise
   * @param silu whether the gate opens by silu, or by the tanh form of gelu
   * @see #attendNext for what is not named here
   */
  public static void decodeLayer(
      NDArray x,
      NDArray[] norms,
      double eps,
      boolean onePlus,
      NDArray[] weights,
      NDArray[] biases,
      boolean silu,
      NDArray cos,
      NDArray sin,
      NDArray keys,
      NDArray values,
      long start,
      long end,
      NDArray mask,
      double scale,
      double cap) {
    OPS.invoke(
        "decode_layer",
        x,
        norms,
        eps,
        onePlus,
        weights,
        biases,
        silu,
        cos,
        sin,
        keys,
        values,
        start,
        end,
        TorchScript.optional(mask),
        scale,
        cap,
        parts());
  }

  /**
   * Into how many parts a CPU's threads share a weight: MKL's own product of a matrix and a vector
   * runs on one thread, and that of a few vectors shares the work badly.
   */
  private static int parts() {
    int threads = Torch.threads();
    return Torch.device().isGpu() || threads == 1 ? 1 : 2 * threads;
  }

  /**
   * Writes rows of unequal length, standing end to end, into a cache, and zeros in front of them.
   *
   * @param target shape (batch, heads, room, size)
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param rows their lengths, together n
   * @param starts where in the room each begins
   */
  public static void storeRows(NDArray target, NDArray x, long[] rows, long[] starts) {
    OPS.invoke("store_rows", target, x, rows, starts);
  }

  /**
   * Writes what all rows begin with in front of them; they have been stored before.
   *
   * @param target shape (batch, heads, room, size)
   * @param x shape (n, heads, size) or (n, heads · size)
   * @param starts where in the room each row's own tokens begin, n or more
   */
  public static void storeBefore(NDArray target, NDArray x, long[] starts) {
    OPS.invoke("store_before", target, x, starts);
  }

  /**
   * Moves some rows of each tensor to its front, in place.
   *
   * @param targets shape (rows, heads, room, size)
   * @param rows ascending indices
   * @param length of the room, how much is in use
   */
  public static void moveToFront(NDArray[] targets, long[] rows, long length) {
    OPS.invoke("keep_rows", targets, rows, length);
  }
}
