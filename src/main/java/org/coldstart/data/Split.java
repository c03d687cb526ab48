package org.coldstart.data;

/**
 * A data set split in two.
 *
 * @param train rows to learn from
 * @param test rows held out
 */
public record Split(DataSet train, DataSet test) {}
