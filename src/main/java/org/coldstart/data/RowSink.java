package org.coldstart.data;

import java.util.Map;

/** Takes the rows a reader reads. */
@FunctionalInterface
interface RowSink {
  /**
   * Takes one row.
   *
   * @param number line or row in the file, from 1
   * @return false when no more rows are wanted
   */
  boolean accept(long number, Map<String, Object> values);
}
