package org.coldstart.io.hub;

/**
 * Something wanted from a model hub could not be had; the message says what, why and the way out in one sentence.
 */
public final class HubException extends RuntimeException {
  /** What went wrong, for callers that react to it. */
  public enum Reason {
    /** No answer from the hub: no network, wrong address, a server error. */
    UNREACHABLE,
    /** Downloads are switched off (HF_HUB_OFFLINE) and the cache lacks the files. */
    OFFLINE,
    /** The owner asks readers to accept a licence, and the token is missing or has no access. */
    GATED,
    /** The hub does not know the token: mistyped, withdrawn or expired. */
    BAD_TOKEN,
    /** No such repository, or a private one and no token that may read it. */
    REPOSITORY_NOT_FOUND,
    /** The repository has no such branch, tag or commit. */
    REVISION_NOT_FOUND,
    /** The repository, or this machine, has no such file. */
    FILE_NOT_FOUND,
    /** The bytes that came are not the bytes the hub announced. */
    DAMAGED,
    /** The local disk is full or may not be written. */
    STORAGE,
    /** The name is neither a path nor a name on the hub. */
    BAD_NAME,
    /** The downloading thread was interrupted. */
    INTERRUPTED
  }

  private final transient Reason reason;

  /**
   * An error with its message.
   *
   * @param message a format for {@code values}, of which a throwable at the end is the cause
   */
  HubException(Reason reason, String message, Object... values) {
    super(message.formatted(values), cause(values));
    this.reason = reason;
  }

  private static Throwable cause(Object... values) {
    return values.length > 0 && values[values.length - 1] instanceof Throwable cause ? cause : null;
  }

  /** The error for a thread that was interrupted; its interrupt stays pending. */
  static HubException interrupted(String what, Exception cause) {
    Thread.currentThread().interrupt();
    return new HubException(Reason.INTERRUPTED,
        "Interrupted while downloading %s: call again, and it goes on where it stopped.", what, cause);
  }

  /** What went wrong. */
  public Reason reason() {
    return reason;
  }
}
