package org.coldstart.io.files;

/**
 * A checkpoint that cannot be read or written: cut, corrupted, of an unknown kind, or no room on the disk. The message
 * names the file and the tensor or key, and says what to do.
 */
public class CheckpointException extends RuntimeException {
  private static final int MAX_MESSAGE = 1000;

  public CheckpointException(String message) {
    super(readable(message));
  }

  public CheckpointException(String message, Throwable cause) {
    super(readable(message), cause);
  }

  /**
   * Throws unless all is well.
   *
   * @param message as {@link String#format} takes it with {@code values}
   */
  public static void require(boolean fine, String message, Object... values) {
    if (!fine) {
      throw new CheckpointException(message.formatted(values));
    }
  }

  /**
   * Names that a message quotes come from the file: a damaged one may have megabytes of control characters there.
   */
  private static String readable(String message) {
    String cut = message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) + "…" : message;
    return cut.replaceAll("[\\p{Cntrl}&&[^\n]]", "\uFFFD");
  }
}
