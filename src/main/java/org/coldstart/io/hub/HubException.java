package org.coldstart.io.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.util.Locale;
import javax.net.ssl.SSLException;

/**
 * Something wanted from a model hub could not be had; the message says what, why and the way out in one sentence.
 */
public final class HubException extends RuntimeException {
  /**
   * What went wrong, for callers that react to it. A private repository is not found without a token that may read it;
   * storage is the local disk, full or write-protected; a damaged file has other bytes than the hub announced.
   */
  public enum Reason {
    UNREACHABLE, OFFLINE, GATED, BAD_TOKEN, REPOSITORY_NOT_FOUND, REVISION_NOT_FOUND, FILE_NOT_FOUND, DAMAGED, STORAGE,
    BAD_NAME, INTERRUPTED
  }

  private final transient Reason reason;

  /**
   * An error with its message.
   *
   * @param message a format for {@code values}, of which a throwable at the end is the cause
   */
  HubException(Reason reason, String message, Object... values) {
    super(message.formatted(values),
        values.length > 0 && values[values.length - 1] instanceof Throwable cause ? cause : null);
    this.reason = reason;
  }

  /** What went wrong. */
  public Reason reason() {
    return reason;
  }

  /** The error an answer of status 400 or more stands for; the hub says the reason in {@code X-Error-Code}. */
  static HubException of(HttpResponse<?> response, HubSettings settings, HubRepository repository) {
    String endpoint = settings.endpoint().toString();
    String page = endpoint + repository.pagePath();
    String tokens = endpoint + "/settings/tokens";
    boolean token = settings.token().isPresent();
    String message = response.headers().firstValue("X-Error-Message").orElse("").toLowerCase(Locale.ROOT);
    if (response.statusCode() == 401 && token && message.contains("invalid credential")) {
      return new HubException(Reason.BAD_TOKEN,
          "%s does not know the access token in HF_TOKEN or in the login file: it"
              + " is mistyped, withdrawn or expired; make a new one at %s, or unset it to read without one.",
          endpoint, tokens);
    }
    String status = String.valueOf(response.statusCode());
    return switch (response.headers().firstValue("X-Error-Code").filter(code -> !code.isEmpty()).orElse(status)) {
    case "GatedRepo" -> new HubException(Reason.GATED,
        token ? "The %s is gated and the token has no access: accept the licence at %s with the account of the token."
            : "The %s is gated: accept its licence at %s, then set HF_TOKEN to a token from %s.",
        repository, page, tokens);
    case "RevisionNotFound" -> new HubException(Reason.REVISION_NOT_FOUND,
        "The %s %s has no revision '%s': see its branches and tags at %s/tree/main.", repository.kind(),
        repository.name(), repository.revision(), page);
    case "401", "404",
        "RepoNotFound" ->
      new HubException(Reason.REPOSITORY_NOT_FOUND,
          token ? "No %s at %s that the token may read: check the name's spelling and the token's permissions."
              : "No %s at %s: check the name's spelling, or set HF_TOKEN if it is private.",
          repository, endpoint);
    case "403" -> new HubException(Reason.GATED,
        token ? "%s refuses the %s to this token: check the token's permissions at %s."
            : "%s refuses the %s to readers without a token: set HF_TOKEN to one from %s.",
        endpoint, repository, tokens);
    default -> new HubException(Reason.UNREACHABLE, "%s answered with status %s for the %s: try again in a while.",
        endpoint, status, repository);
    };
  }

  /** The error for an exchange that ended without an answer. */
  static HubException unreachable(IOException cause, HubSettings settings, HubRepository repository) {
    return new HubException(Reason.UNREACHABLE,
        "%s %s, so the %s cannot be downloaded: check the network and"
            + " HF_ENDPOINT, or copy the files here and give their folder instead of the name.",
        settings.endpoint(), why(cause), repository, cause);
  }

  private static String why(IOException cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof UnknownHostException || t instanceof UnresolvedAddressException) {
        return "is not a known address";
      }
    }
    return cause instanceof HttpTimeoutException ? "did not answer in time"
        : cause instanceof SSLException ? "has no certificate this Java trusts"
            : cause instanceof ConnectException ? "refuses the connection"
                : "does not answer as it should (" + cause.getMessage() + ")";
  }

  /** The error for a file or folder of the cache. */
  static HubException storage(Path path, Exception cause) {
    return new HubException(Reason.STORAGE,
        "Cannot read or write %s (%s): check its permissions and the free space, or set HF_HOME to another folder.",
        path, cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage(), cause);
  }

  /** The error for a thread that was interrupted; its interrupt stays pending. */
  static HubException interrupted(String what, Exception cause) {
    Thread.currentThread().interrupt();
    return new HubException(Reason.INTERRUPTED,
        "Interrupted while downloading %s: call again, and it goes on where it stopped.", what, cause);
  }
}
