package org.coldstart.data;

/** Rows cannot be read or used; the message names the file or the row and what to do. */
public class DataException extends RuntimeException {
  /** An error with its message. */
  public DataException(String message) {
    super(message);
  }

  /** An error with its message and what led to it. */
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
