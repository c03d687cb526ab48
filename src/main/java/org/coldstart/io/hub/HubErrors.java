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

/** Turns answers and failures of the hub into one sentence each: what happened and what to do. */
final class HubErrors {
  private final HubSettings settings;

  HubErrors(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * The error an answer of status 400 or more stands for; the hub says the reason in {@code
   * X-Error-Code}.
   */
  HubException of(HttpResponse<?> response, HubRepository repository, String file) {
    String code = response.headers().firstValue("X-Error-Code").orElse("");
    int status = response.statusCode();
    if (status == 401 && settings.token().isPresent() && says(response, "invalid credentials")) {
      return badToken();
    }
    if (code.equals("GatedRepo")) {
      return gated(repository);
    }
    if (code.equals("RevisionNotFound")) {
      return new HubException(
          Reason.REVISION_NOT_FOUND,
          "The %s %s has no revision '%s': see its branches and tags at %s."
              .formatted(
                  repository.kind(),
                  repository.name(),
                  repository.revision(),
                  page(repository) + "/tree/main"));
    }
    if (code.equals("EntryNotFound")) {
      return new HubException(
          Reason.FILE_NOT_FOUND,
          "The %s has no file '%s': see its files at %s."
              .formatted(repository, file, page(repository) + "/tree/main"));
    }
    if (code.equals("RepoNotFound") || status == 401 || status == 404) {
      return notFound(repository);
    }
    if (status == 403) {
      return refused(repository);
    }
    return new HubException(
        Reason.UNREACHABLE,
        "%s answered with status %d for the %s: try again in a while."
            .formatted(settings.endpoint(), status, repository));
  }

  private static boolean says(HttpResponse<?> response, String words) {
    return response
        .headers()
        .firstValue("X-Error-Message")
        .map(message -> message.toLowerCase(Locale.ROOT).contains(words))
        .orElse(false);
  }

  private HubException badToken() {
    return new HubException(
        Reason.BAD_TOKEN,
        ("%s does not know the access token in HF_TOKEN or in the login file: it is mistyped,"
                + " withdrawn or expired; make a new one at %s, or unset it to read as nobody.")
            .formatted(settings.endpoint(), tokens()));
  }

  private HubException refused(HubRepository repository) {
    return new HubException(
        Reason.GATED,
        settings.token().isPresent()
            ? "%s refuses the %s to this token: check the token's permissions at %s."
                .formatted(settings.endpoint(), repository, tokens())
            : "%s refuses the %s to readers without a token: set HF_TOKEN to one from %s."
                .formatted(settings.endpoint(), repository, tokens()));
  }

  private HubException gated(HubRepository repository) {
    String page = page(repository);
    return new HubException(
        Reason.GATED,
        settings.token().isPresent()
            ? "The %s is gated and the token has no access: accept the licence at %s with the account of the token."
                .formatted(repository, page)
            : "The %s is gated: accept its licence at %s, then set HF_TOKEN to a token from %s."
                .formatted(repository, page, tokens()));
  }

  private HubException notFound(HubRepository repository) {
    return new HubException(
        Reason.REPOSITORY_NOT_FOUND,
        settings.token().isPresent()
            ? "No %s at %s that the token may read: check the name's spelling and the token's permissions."
                .formatted(repository, settings.endpoint())
            : "No %s at %s: check the name's spelling, or set HF_TOKEN if it is private."
                .formatted(repository, settings.endpoint()));
  }

  /** The error for an exchange that ended without an answer. */
  HubException unreachable(IOException cause, HubRepository repository) {
    return new HubException(
        Reason.UNREACHABLE,
        ("%s %s, so the %s cannot be downloaded: check the network and HF_ENDPOINT,"
                + " or copy the files here and give their folder instead of the name.")
            .formatted(settings.endpoint(), why(cause), repository),
        cause);
  }

  private static String why(IOException cause) {
    if (cause instanceof RetryableStatusException busy) {
      return "answered with status " + busy.status();
    }
    if (cause instanceof HttpTimeoutException) {
      return "did not answer in time";
    }
    if (cause instanceof SSLException) {
      return "has no certificate this Java trusts";
    }
    if (hasCause(cause, UnknownHostException.class)
        || hasCause(cause, UnresolvedAddressException.class)) {
      return "is not a known address";
    }
    return cause instanceof ConnectException
        ? "refuses the connection"
        : "broke off the connection (" + cause.getMessage() + ")";
  }

  /** The error for files that only the network could bring. */
  HubException offline(HubRepository repository) {
    return new HubException(
        Reason.OFFLINE,
        ("HF_HUB_OFFLINE is set and the cache %s lacks files of the %s:"
                + " unset it to download them, or give a folder instead of the name.")
            .formatted(settings.cache(), repository));
  }

  /** The error for an answer that no hub gives. */
  HubException notAHub(Throwable cause) {
    return new HubException(
        Reason.UNREACHABLE,
        settings.endpoint()
            + " does not answer like a model hub: check"
            + " HF_ENDPOINT, and whether a firewall or proxy answers in its place.",
        cause);
  }

  private String tokens() {
    return settings.endpoint() + "/settings/tokens";
  }

  private String page(HubRepository repository) {
    return settings.endpoint() + repository.pagePath();
  }

  private static boolean hasCause(Throwable thrown, Class<?> type) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return true;
      }
    }
    return false;
  }
}
