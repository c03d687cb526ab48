package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.io.torch.TrainingOps;

/**
 * The rows of some tokens in an embedding or head matrix that is frozen otherwise: a gradient mask.
 *
 * <p>
 * The forward pass uses the whole matrix. Backward sums the gradient of the chosen rows alone, in an array of their
 * size; the optimizer moves {@link #rows}, their copy, and {@link #writeBack} puts it into the matrix, whose other rows
 * stay as they are to the bit.
 */
public final class TrainableTokens {

  private final NDArray matrix;
  private final NDArray ids;

  /** For each id of the vocabulary its place among {@link #ids}, or −1. */
  private final NDArray slots;

  private final NDArray rows;
  private final NDArray originals;

  /**
   * Rows that start with the matrix's values.
   *
   * @param manager owns the copies
   * @param matrix shape (vocabulary, hidden)
   */
  public TrainableTokens(NDManager manager, NDArray matrix, List<Integer> ids) {
    this.matrix = matrix;
    this.ids = manager.create(ids.stream().mapToLong(Integer::longValue).toArray());
    long[] slotOf = new long[Math.toIntExact(matrix.getShape().get(0))];
    Arrays.fill(slotOf, -1);
    IntStream.range(0, ids.size()).forEach(slot -> slotOf[ids.get(slot)] = slot);
    slots = manager.create(slotOf);
    originals = TorchOps.select(matrix, 0, this.ids);
    originals.attach(manager);
    rows = originals.duplicate();
    rows.attach(manager);
  }

  /** Refuses ids that are named twice or have no row with an {@link IllegalArgumentException}. */
  public static void check(List<Integer> ids, int vocabulary) {
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("Name at least one token whose row is to be trained.");
    }
    Set<Integer> seen = new HashSet<>();
    for (int id : ids) {
      Decoder.requireRow(id, vocabulary);
      if (!seen.add(id)) {
        throw new IllegalArgumentException("Token id " + id + " is named twice.");
      }
    }
  }

  /** The name by which PEFT knows the trained rows of a module such as {@code lm_head}. */
  public static String nameIn(String module) {
    return module + ".token_adapter.trainable_tokens_delta";
  }

  /** The trained values, shape (ids, hidden). */
  public NDArray rows() {
    return rows;
  }

  NDArray matrix() {
    return matrix;
  }

  /** Adds to the rows' gradient what comes from looking up token ids, (n, hidden). */
  void addLookedUp(NDArray total, NDArray dx, NDArray inputIds) {
    TrainingOps.lookedUpRows(total, dx, inputIds, slots);
  }

  /** Adds to the rows' gradient what comes from logits, {@code x · matrixᵀ}. */
  void addOuter(NDArray total, NDArray dLogits, NDArray x) {
    try (NDArray chosen = TorchOps.select(dLogits, 1, ids)) {
      TrainingOps.addOuter(total, chosen, x);
    }
  }

  /** Writes the rows into the matrix. */
  public void writeBack() {
    TorchOps.writeRows(matrix, ids, rows);
  }

  /** Gives the matrix the rows that it had at first. */
  public void restore() {
    TorchOps.writeRows(matrix, ids, originals);
  }
}
