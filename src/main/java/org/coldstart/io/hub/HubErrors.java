package org.coldstart.io.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.coldstart.io.hub.HubException.Reason;

/**
 * Turns answers and failures of the hub into one sentence each: what happened and what to do.
 *
 * @param settings the endpoint, and whether there is a token
 */
record HubErrors(HubSettings settings) {

  /**
   * The error an answer of status 400 or more stands for; the hub says the reason in {@code
   * X-Error-Code}.
   */
  HubException of(HttpResponse<?> response, HubRepository repository, String file) {
    String endpoint = settings.endpoint().toString();
    String page = endpoint + repository.pagePath();
    String tokens = endpoint + "/settings/tokens";
    boolean token = settings.token().isPresent();
    String message = response.headers().firstValue("X-Error-Message").orElse("");
    int status = response.statusCode();
    if (status == 401 && token && message.toLowerCase(Locale.ROOT).contains("invalid credential")) {
      return new HubException(Reason.BAD_TOKEN,
          "%s does not know the access token in HF_TOKEN or in the login file: it is mistyped,"
              + " withdrawn or expired; make a new one at %s, or unset it to read without one.",
          endpoint, tokens);
    }
    String code = response.headers().firstValue("X-Error-Code").orElse("");
    return switch (code.isEmpty() ? String.valueOf(status) : code) {
    case "GatedRepo" -> new HubException(Reason.GATED,
        token
            ? "The %s is gated and the token has no access: accept the licence at %s with the"
                + " account of the token."
            : "The %s is gated: accept its licence at %s, then set HF_TOKEN to a token from" + " %s.",
        repository, page, tokens);
    case "RevisionNotFound" -> new HubException(Reason.REVISION_NOT_FOUND,
        "The %s %s has no revision '%s': see its branches and tags at %s/tree/main.", repository.kind(),
        repository.name(), repository.revision(), page);
    case "EntryNotFound" -> new HubException(Reason.FILE_NOT_FOUND,
        "The %s has no file '%s': see its files at %s/tree/main.", repository, file, page);
    case "RepoNotFound", "401",
        "404" ->
      new HubException(Reason.REPOSITORY_NOT_FOUND,
          token ? "No %s at %s that the token may read: check the name's spelling and the token's" + " permissions."
              : "No %s at %s: check the name's spelling, or set HF_TOKEN if it is private.",
          repository, endpoint);
    case "403" -> new HubException(Reason.GATED,
        token ? "%s refuses the %s to this token: check the token's permissions at %s."
            : "%s refuses the %s to readers without a token: set HF_TOKEN to one from %s.",
        endpoint, repository, tokens);
    default -> new HubException(Reason.UNREACHABLE, "%s answered with status %d for the %s: try again in a while.",
        endpoint, status, repository);
    };
  }

  /** The error for an exchange that ended without an answer. */
  HubException unreachable(IOException cause, HubRepository repository) {
    return new HubException(Reason.UNREACHABLE,
        "%s %s, so the %s cannot be downloaded: check the network and HF_ENDPOINT, or copy the"
            + " files here and give their folder instead of the name.",
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

  /** The error for files that only the network could bring. */
  HubException offline(HubRepository repository) {
    return new HubException(Reason.OFFLINE,
        "HF_HUB_OFFLINE is set and the cache %s lacks files of the %s: unset it to download them,"
            + " or give a folder instead of the name.",
        settings.cache(), repository);
  }

  /** The error for an answer that no hub gives. */
  HubException notAHub() {
    return new HubException(Reason.UNREACHABLE,
        "%s does not answer like a model hub: check HF_ENDPOINT, and whether a firewall or proxy"
            + " answers in its place.",
        settings.endpoint());
  }
}
