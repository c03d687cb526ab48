package org.coldstart.data;

/**
 * A data set split in two.
 *
 * @param train rows to learn from
 * @param test rows held out
 */
public record Split(DataSet train, DataSet test) {

  /** The splits {@code train} and {@code test} of a source, as {@link DataSet#load(String, String)} takes it. */
  public static Split load(String nameOrPath) {
    return new Split(DataSet.load(nameOrPath, "train"), DataSet.load(nameOrPath, "test"));
  }
}
