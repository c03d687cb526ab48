package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.coldstart.io.torch.TokenRowOps;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * Some rows of an embedding or head matrix, trained on their own.
 *
 * <p>The rows are a small matrix beside the large one. A pass uses the large one and adds how far
 * the rows have moved away from it; gradients, optimizer state and weight decay concern the small
 * one alone. Because only the difference is added, the rows may be written into the large matrix at
 * any time without changing what the model says.
 */
final class TrainableTokens {

  private final NDManager manager;
  private final NDArray matrix;
  private final NDArray ids;
  private final NDArray slots;
  private final NDArray rows;
  private final NDArray originals;

  /**
   * Rows that start with the matrix's values.
   *
   * @param manager this object's own; closed with it
   * @param matrix shape (vocabulary, hidden)
   */
  TrainableTokens(NDManager manager, NDArray matrix, List<Integer> ids) {
    this.manager = manager;
    this.matrix = matrix;
    this.ids = manager.create(ids.stream().mapToLong(Integer::longValue).toArray());
    slots = manager.create(slots(ids, Math.toIntExact(matrix.getShape().get(0))));
    originals = TorchOps.select(matrix, 0, this.ids);
    originals.attach(manager);
    rows = originals.duplicate();
    rows.attach(manager);
  }

  private static long[] slots(List<Integer> ids, int vocabulary) {
    long[] slots = new long[vocabulary];
    Arrays.fill(slots, -1);
    for (int slot = 0; slot < ids.size(); slot++) {
      slots[ids.get(slot)] = slot;
    }
    return slots;
  }

  /**
   * Checks that each id is named once and has a row.
   *
   * @throws IllegalArgumentException if not
   */
  static void check(List<Integer> ids, int vocabulary) {
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("Name at least one token whose row is to be trained.");
    }
    Set<Integer> seen = new HashSet<>();
    for (int id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new IllegalArgumentException(
            "Token id "
                + id
                + " has no row to train: the embedding has rows 0 to "
                + (vocabulary - 1)
                + ". Call model.resizeTokenEmbeddings(tokenizer.size()) first.");
      }
      if (!seen.add(id)) {
        throw new IllegalArgumentException("Token id " + id + " is named twice.");
      }
    }
  }

  /** The trained values, shape (ids, hidden). */
  NDArray rows() {
    return rows;
  }

  /**
   * Embeddings looked up in the matrix, (n, hidden), with the rows' own values; overwrites them.
   */
  NDArray onLookedUp(NDArray x, NDArray inputIds) {
    return TokenRowOps.moveLookedUp(x, inputIds, slots, rows, matrix, ids);
  }

  /** Scores {@code x · matrixᵀ}, (…, vocabulary), with the rows' own values; overwrites them. */
  NDArray onScores(NDArray scores, NDArray x) {
    return TokenRowOps.moveScores(scores, x, rows, matrix, ids);
  }

  /** The way back of {@link #onLookedUp}. */
  void backwardLookedUp(NDArray dx, NDArray inputIds, ForwardContext pass) {
    if (pass.gradient(rows) != null) {
      TrainingOps.lookedUpRows(pass.gradient(rows), dx, inputIds, slots);
    }
  }

  /** The way back of {@link #onScores}: adds to the gradient of x, too. */
  void backwardScores(NDArray dScores, NDArray x, NDArray dx, ForwardContext pass) {
    if (pass.gradient(rows) != null) {
      TokenRowOps.scoredRows(pass.gradient(rows), dScores, x, dx, rows, matrix, ids);
    }
  }

  /** The matrix that the rows belong to. */
  NDArray matrix() {
    return matrix;
  }

  /** Writes the rows into the matrix. */
  void writeBack() {
    TorchOps.writeRows(matrix, ids, rows);
  }

  /** Gives the matrix the rows it had at the start. */
  void restore() {
    TorchOps.writeRows(matrix, ids, originals);
  }

  void close() {
    manager.close();
  }
}
