package org.coldstart.model;

import java.util.List;

/**
 * What making room for a tokenizer's new tokens came to.
 *
 * @param rowsBefore rows of the embedding before
 * @param rows rows now; the same where the matrix had rows to spare
 * @param started the new tokens whose rows were given a start, wherever those lie
 */
public record ResizedEmbeddings(int rowsBefore, int rows, List<String> started) {
  public ResizedEmbeddings {
    started = List.copyOf(started);
  }

  @Override
  public String toString() {
    return rowsBefore + " → " + rows + " rows, started " + started;
  }
}
