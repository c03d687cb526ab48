package org.coldstart.io.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.ResponseInfo;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.coldstart.io.json.Json;

/**
 * Speaks the hub's protocol: descriptions of repositories, metadata of files, contents from any
 * byte on. Redirects are followed by hand, because the token may go to the endpoint only and a
 * file's metadata stand in the hub's own answer, before it sends the reader on to a content
 * network.
 */
final class HubClient {
  private static final int MAX_REDIRECTS = 10;
  private static final int MAX_DESCRIPTION_BYTES = 64_000_000;
  private static final Duration ANSWER_TIME = Duration.ofSeconds(30);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();
  private final HubSettings settings;
  private final HubErrors errors;
  private final RetryPolicy patience;

  HubClient(HubSettings settings, RetryPolicy patience) {
    this.settings = settings;
    this.errors = new HubErrors(settings);
    this.patience = patience;
  }

  /** What the hub says about a repository's revision: its commit and files. */
  RepoInfo describe(HubRepository repository) {
    return persist(
        repository,
        () -> {
          HttpResponse<IncomingBody> response =
              exchange("GET", endpoint(repository.apiPath()), 0, true, this::body);
          String body = text(response);
          if (response.statusCode() != 200) {
            throw errors.of(response, repository, "");
          }
          return RepoInfo.fromJson(object(body)).orElseThrow(() -> errors.notAHub(null));
        });
  }

  /** Size, ETag and commit of a file. */
  FileMetadata metadata(HubRepository repository, String commit, String file) {
    return persist(
        repository,
        () -> {
          URI uri = endpoint(repository.filePath(commit, file));
          HttpResponse<Void> response = exchange("HEAD", uri, 0, false, BodyHandlers.discarding());
          if (response.statusCode() >= 400) {
            throw errors.of(response, repository, file);
          }
          return FileMetadata.of(repository, commit, file, response)
              .orElseThrow(() -> errors.notAHub(null));
        });
  }

  /**
   * A file's bytes from {@code offset} on: status 206, or 200 when the server sends the whole file
   * regardless; 416 when it has no such bytes.
   *
   * @throws IOException if another attempt may succeed
   */
  HttpResponse<IncomingBody> open(FileMetadata metadata, long offset) throws IOException {
    URI uri = endpoint(metadata.repository().filePath(metadata.commit(), metadata.file()));
    HttpResponse<IncomingBody> response = exchange("GET", uri, offset, true, this::body);
    int status = response.statusCode();
    if (status == 200 || status == 206 || status == 416 && offset > 0) {
      return response;
    }
    response.body().close();
    if (!isHub(response.uri())) { // the signature in a content network's address has run out
      throw new IOException("status %d from %s".formatted(status, response.uri().getHost()));
    }
    throw errors.of(response, metadata.repository(), metadata.file());
  }

  /** Tries again after failures that may pass; without a network there is nothing to wait for. */
  private <T> T persist(HubRepository repository, Exchange<T> exchange) {
    for (int failures = 1; ; failures++) {
      try {
        return exchange.run();
      } catch (IOException e) {
        boolean lasting =
            e instanceof ConnectException
                || e instanceof HttpTimeoutException
                || e instanceof SSLException;
        if (lasting || failures == patience.attempts()) {
          throw errors.unreachable(e, repository);
        }
        patience.pause(failures, e, "The " + repository);
      }
    }
  }

  private <T> HttpResponse<T> exchange(
      String method, URI start, long offset, boolean leaveHub, BodyHandler<T> body)
      throws IOException {
    URI uri = start;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<T> response = send(method, uri, offset, body);
      if (RetryableStatusException.isBusy(response.statusCode())) {
        close(response.body());
        throw new RetryableStatusException(response.statusCode(), uri.getHost(), response.headers());
      }
      Optional<URI> next = redirect(response);
      boolean linked = response.headers().firstValue("X-Linked-Etag").isPresent();
      if (next.isEmpty() || !leaveHub && (linked || !isHub(next.get()))) {
        return response;
      }
      close(response.body());
      uri = next.get();
    }
    throw new IOException("more than " + MAX_REDIRECTS + " redirects from " + start);
  }

  private <T> HttpResponse<T> send(String method, URI uri, long offset, BodyHandler<T> body)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(ANSWER_TIME)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("User-Agent", "coldstart; java/" + Runtime.version().feature())
            .header("Accept-Encoding", "identity"); // sizes and ranges are those of the file itself
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    if (isHub(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    try {
      return http.send(request.build(), body);
    } catch (InterruptedException e) {
      throw HubException.interrupted("from " + uri.getHost(), e);
    }
  }

  /** Where an answer sends the reader on to; only to addresses of the web. */
  private static Optional<URI> redirect(HttpResponse<?> response) throws IOException {
    int status = response.statusCode();
    HttpHeaders headers = response.headers();
    Optional<String> location = headers.firstValue("Location");
    if (status < 300 || status >= 400 || location.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI next = response.uri().resolve(new URI(location.get()));
      if (next.getHost() == null || !next.getScheme().matches("(?i)https?")) {
        throw new IOException("a redirect to " + next);
      }
      return Optional.of(next);
    } catch (URISyntaxException e) {
      throw new IOException("a redirect to " + location.get(), e);
    }
  }

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && port(hub) == port(uri);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0
        ? uri.getPort()
        : uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
  }

  private URI endpoint(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private IncomingBody body(ResponseInfo answer) {
    return new IncomingBody(patience.silence());
  }

  private String text(HttpResponse<IncomingBody> response) throws IOException {
    try (IncomingBody body = response.body()) {
      byte[] bytes = body.all(MAX_DESCRIPTION_BYTES);
      if (bytes == null) {
        throw errors.notAHub(null);
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (InterruptedIOException e) {
      throw HubException.interrupted("from " + response.uri().getHost(), e);
    }
  }

  private JsonObject object(String text) {
    try {
      JsonElement json = Json.parse(text);
      if (json.isJsonObject()) {
        return json.getAsJsonObject();
      }
    } catch (JsonParseException | IllegalStateException e) {
      throw errors.notAHub(e);
    }
    throw errors.notAHub(null);
  }

  private static void close(Object body) {
    if (body instanceof IncomingBody content) {
      content.close();
    }
  }

  private interface Exchange<T> {
    T run() throws IOException;
  }
}
