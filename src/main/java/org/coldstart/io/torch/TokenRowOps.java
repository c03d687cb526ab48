package org.coldstart.io.torch;

import static org.coldstart.io.torch.TorchScript.OPS;

import ai.djl.ndarray.NDArray;

/** Rows of an embedding or head matrix that have other values than the matrix holds. */
public final class TokenRowOps {

  private TokenRowOps() {}

  /**
   * Embeddings looked up in a matrix, as if some of its rows had other values.
   *
   * @param x what was looked up, shape (n, size); overwritten
   * @param ids int64, shape (n)
   * @param slots for each row of the matrix the place of its value in {@code rows}, or −1; int64
   * @param rows the other values, shape (k, size)
   * @param matrix shape (n, size)
   * @param of the matrix rows that are replaced, int64, shape (k)
   */
  public static NDArray moveLookedUp(
      NDArray x, NDArray ids, NDArray slots, NDArray rows, NDArray matrix, NDArray of) {
    return OPS.call("move_looked_up", x, ids, slots, rows, matrix, of);
  }

  /** The same for logits {@code x · matrixᵀ}, which are overwritten. */
  public static NDArray moveScores(
      NDArray scores, NDArray x, NDArray rows, NDArray matrix, NDArray of) {
    return OPS.call("move_scores", scores, x, rows, matrix, of);
  }

  /** The gradients of {@link #moveScores}: adds to those of the other rows and of x. */
  public static void scoredRows(
      NDArray total,
      NDArray dScores,
      NDArray x,
      NDArray dx,
      NDArray rows,
      NDArray matrix,
      NDArray of) {
    OPS.invoke("scored_rows", total, dScores, x, dx, rows, matrix, of);
  }
}
