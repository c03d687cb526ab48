package org.coldstart.io.hub;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;

/**
 * When to try again and how long to wait before: exponential backoff, or as long as the server asks.
 *
 * @param attempts how many failures in a row are the end
 * @param firstPause before the second attempt
 * @param longestPause a server that asks for more is not waited for
 * @param silence a connection on which nothing comes for so long counts as broken
 */
record RetryPolicy(int attempts, Duration firstPause, Duration longestPause, Duration silence) {

  /** Waits 15 seconds in all for a server that does not say how long; rate limits last minutes. */
  static final RetryPolicy NORMAL = new RetryPolicy(5, Duration.ofSeconds(1), Duration.ofMinutes(6),
      Duration.ofSeconds(30));

  /** Waits after so many failures in a row, of which {@code cause} is the last. */
  void pause(int failures, IOException cause, String what) {
    Duration wait = cause instanceof RetryableStatusException busy && busy.retryAfter != null ? busy.retryAfter
        : firstPause.multipliedBy(1L << (failures - 1));
    if (wait.compareTo(longestPause) > 0) {
      throw new HubException(HubException.Reason.UNREACHABLE,
          "%s cannot be had now (%s, which asks to wait %d seconds): try again then.", what, cause.getMessage(),
          wait.toSeconds(), cause);
    }
    try {
      Thread.sleep(wait.toMillis());
    } catch (InterruptedException e) {
      throw HubException.interrupted(what, e);
    }
  }

  /** Fails if an answer says "not now": status 408, 429 or 5xx. */
  static void check(HttpResponse<?> response) throws IOException {
    int status = response.statusCode();
    if (status == 408 || status == 429 || status >= 500) {
      throw new RetryableStatusException(response);
    }
  }

  /** An answer that says "not now", perhaps with the seconds to wait. */
  private static final class RetryableStatusException extends IOException {
    /** Null if the server does not say. */
    private final transient Duration retryAfter;

    RetryableStatusException(HttpResponse<?> response) {
      super("status %d from %s".formatted(response.statusCode(), response.uri().getHost()));
      retryAfter = response.headers()
        .firstValue("Retry-After")
        .filter(text -> text.matches("\\d{1,9}"))
        .map(text -> Duration.ofSeconds(Long.parseLong(text)))
        .orElse(null);
    }
  }
}
