package org.coldstart.hub;

import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import org.coldstart.hub.HubException.Reason;
import org.coldstart.json.Json;

/**
 * Speaks the hub's protocol: descriptions of repositories, metadata of files, contents from any
 * byte on. Redirects are followed by hand, because the token may go to the endpoint only and a
 * file's metadata stand in the hub's own answer, before it sends the reader on to a content
 * network.
 */
final class HubClient {
  private static final int MAX_REDIRECTS = 10;
  private static final Duration ANSWER_TIME = Duration.ofSeconds(30);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();
  private final HubSettings settings;
  private final HubErrors errors;

  HubClient(HubSettings settings) {
    this.settings = settings;
    this.errors = new HubErrors(settings);
  }

  /** What the hub says about a repository's revision: its commit and files. */
  Description describe(HubRepository repository) {
    try {
      HttpResponse<String> response =
          exchange("GET", endpoint(repository.apiPath()), 0, true, BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw errors.of(response, repository, "");
      }
      Description description = Description.fromJson(Json.parse(response.body()).getAsJsonObject());
      if (!HubCache.COMMIT.matcher(description.commit()).matches()) {
        throw errors.notAHub(null);
      }
      return description;
    } catch (IOException e) {
      throw errors.unreachable(e, repository);
    } catch (JsonParseException | IllegalStateException e) {
      throw errors.notAHub(e);
    }
  }

  /** Size, ETag and commit of a file. */
  FileMetadata metadata(HubRepository repository, String commit, String file) {
    try {
      URI uri = endpoint(repository.filePath(commit, file));
      HttpResponse<Void> response = exchange("HEAD", uri, 0, false, BodyHandlers.discarding());
      if (response.statusCode() >= 400) {
        throw errors.of(response, repository, file);
      }
      return FileMetadata.of(repository, commit, file, response)
          .orElseThrow(() -> errors.notAHub(null));
    } catch (IOException e) {
      throw errors.unreachable(e, repository);
    }
  }

  /**
   * A file's bytes from {@code offset} on: status 206, or 200 when the server sends the whole file
   * regardless.
   */
  HttpResponse<InputStream> open(HubRepository repository, String commit, String file, long offset)
      throws IOException {
    URI uri = endpoint(repository.filePath(commit, file));
    HttpResponse<InputStream> response =
        exchange("GET", uri, offset, true, BodyHandlers.ofInputStream());
    int status = response.statusCode();
    if (status == 200 || status == 206) {
      return response;
    }
    response.body().close();
    if (status == 408 || status == 416 || status == 429 || status >= 500) {
      throw new IOException("status " + status);
    }
    throw errors.of(response, repository, file);
  }

  private <T> HttpResponse<T> exchange(
      String method, URI start, long offset, boolean leaveHub, BodyHandler<T> body)
      throws IOException {
    URI uri = start;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<T> response = send(method, uri, offset, body);
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
      Thread.currentThread().interrupt();
      throw new HubException(
          Reason.INTERRUPTED,
          "Interrupted while asking "
              + uri.getHost()
              + ": ask again, and the download goes on where it stopped.",
          e);
    }
  }

  private static Optional<URI> redirect(HttpResponse<?> response) {
    int status = response.statusCode();
    HttpHeaders headers = response.headers();
    return status < 300 || status >= 400
        ? Optional.empty()
        : headers.firstValue("Location").map(location -> response.uri().resolve(location));
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

  private static void close(Object body) throws IOException {
    if (body instanceof InputStream stream) {
      stream.close();
    }
  }
}
