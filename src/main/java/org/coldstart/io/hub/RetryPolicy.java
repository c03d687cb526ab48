package org.coldstart.io.hub;

import java.io.IOException;
import java.time.Duration;
import org.coldstart.io.hub.HubException.Reason;

/**
 * When to try again and how long to wait before: twice as long after each failure, or as long as
 * the server asks.
 *
 * @param attempts how many failures in a row are the end
 * @param firstPause before the second attempt
 * @param longestPause a server that asks for more is not waited for
 * @param silence a connection on which nothing comes for so long counts as broken
 */
record RetryPolicy(int attempts, Duration firstPause, Duration longestPause, Duration silence) {
  /** Waits 15 seconds in all for a server that does not say how long; rate limits last minutes. */
  static final RetryPolicy NORMAL =
      new RetryPolicy(5, Duration.ofSeconds(1), Duration.ofMinutes(6), Duration.ofSeconds(30));

  /** Waits after so many failures in a row, of which {@code cause} is the last. */
  void pause(int failures, IOException cause, String what) {
    Duration wait = firstPause.multipliedBy(1L << (failures - 1));
    if (cause instanceof RetryableStatusException busy && busy.askedWait().isPresent()) {
      wait = busy.askedWait().get();
    }
    if (wait.compareTo(longestPause) > 0) {
      throw new HubException(
          Reason.UNREACHABLE,
          "%s cannot be had now (%s, which asks to wait %d seconds): try again then."
              .formatted(what, cause.getMessage(), wait.toSeconds()),
          cause);
    }
    try {
      Thread.sleep(wait.toMillis());
    } catch (InterruptedException e) {
      throw HubException.interrupted(what, e);
    }
  }
}
