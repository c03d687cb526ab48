package org.coldstart.io.hub;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An answer that says "not now": status 408, 429 or 5xx, perhaps with the time to wait. */
final class RetryableStatusException extends IOException {
  private static final Pattern RESET = Pattern.compile("[;\\s]t=(\\d{1,9})");

  private final int status;
  private final transient Optional<Duration> wait;

  RetryableStatusException(int status, String host, HttpHeaders headers) {
    super("status %d from %s".formatted(status, host));
    this.status = status;
    this.wait =
        headers
            .firstValue("Retry-After")
            .flatMap(RetryableStatusException::retryAfter)
            .or(() -> headers.firstValue("RateLimit").flatMap(RetryableStatusException::reset));
  }

  static boolean isBusy(int status) {
    return status == 408 || status == 429 || status >= 500;
  }

  int status() {
    return status;
  }

  /** How long the server asks to wait. */
  Optional<Duration> askedWait() {
    return wait;
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  private static Optional<Duration> retryAfter(String text) {
    if (text.strip().matches("\\d{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text.strip())));
    }
    try {
      Instant date =
          ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration left = Duration.between(Instant.now(), date);
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** The hub's own header: {@code "api";r=0;t=55} has room again in 55 seconds. */
  private static Optional<Duration> reset(String text) {
    Matcher matcher = RESET.matcher(text);
    return matcher.find()
        ? Optional.of(Duration.ofSeconds(Long.parseLong(matcher.group(1)) + 1))
        : Optional.empty();
  }
}
