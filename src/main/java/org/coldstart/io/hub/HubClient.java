package org.coldstart.io.hub;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.coldstart.io.json.Json;

/**
 * Speaks the hub's protocol: information on repositories, metadata of files, contents from any byte on. Redirects are
 * followed by hand, because the token may go to the endpoint only and a file's metadata are in the hub's own answer,
 * before it redirects to a content delivery network.
 */
final class HubClient {
  private static final int MAX_REDIRECTS = 10;
  private static final Pattern SAFE_ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  private final HttpClient http = HttpClient.newBuilder()
    .version(HttpClient.Version.HTTP_1_1)
    .connectTimeout(Duration.ofSeconds(10))
    .followRedirects(HttpClient.Redirect.NEVER)
    .build();
  private final HubSettings settings;
  private final HubErrors errors;
  private final RetryPolicy retry;

  HubClient(HubSettings settings, RetryPolicy retry) {
    this.settings = settings;
    this.errors = new HubErrors(settings);
    this.retry = retry;
  }

  /**
   * What the hub announces about a file before its content.
   *
   * @param repository the repository it belongs to
   * @param commit the commit it is read at
   * @param name its name in the repository
   * @param etag names the content: SHA-256 of a large file (64 hex digits), git's SHA-1 of a small one (40)
   * @param size bytes
   */
  record FileMetadata(HubRepository repository, String commit, String name, String etag, long size) {}

  /** What the hub says about a repository's revision: its commit and files. */
  RepoInfo repoInfo(HubRepository repository) {
    return retrying(repository, () -> {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      HttpResponse<?> response = exchange("GET", repository.apiPath(), 0, answer -> body::writeBytes);
      if (response.statusCode() != 200) {
        throw errors.of(response, repository, "");
      }
      return RepoInfo.fromJson(object(body.toString(StandardCharsets.UTF_8))).orElseThrow(errors::notAHub);
    });
  }

  private JsonObject object(String text) {
    try {
      return Json.parse(text).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw errors.notAHub();
    }
  }

  /**
   * Size and ETag of a file. The X-Linked headers describe a large file's content; an ETag that cannot be a file name
   * is none.
   */
  FileMetadata metadata(HubRepository repository, String commit, String file) {
    return retrying(repository, () -> {
      HttpResponse<?> response = exchange("HEAD", repository.filePath(commit, file), 0, answer -> null);
      if (response.statusCode() >= 400) {
        throw errors.of(response, repository, file);
      }
      HttpHeaders headers = response.headers();
      String own = response.statusCode() < 300 ? "Content-Length" : "X-Linked-Size";
      long size = headers.firstValueAsLong("X-Linked-Size")
        .orElseGet(() -> headers.firstValueAsLong(own).orElseThrow(errors::notAHub));
      return headers.firstValue("X-Linked-Etag")
        .or(() -> headers.firstValue("ETag"))
        .map(etag -> etag.replaceFirst("^W/", "").replace("\"", ""))
        .filter(etag -> SAFE_ETAG.matcher(etag).matches())
        .map(etag -> new FileMetadata(repository, commit, file, etag, size))
        .orElseThrow(errors::notAHub);
    });
  }

  /**
   * A file's bytes from {@code offset} on: status 206, or 200 when the server sends the whole file regardless; 416 when
   * it has no such bytes.
   *
   * @param body as in {@link #exchange}
   * @throws IOException if another attempt may succeed
   */
  HttpResponse<?> get(FileMetadata file, long offset, Function<ResponseInfo, Consumer<byte[]>> body)
      throws IOException {
    String path = file.repository().filePath(file.commit(), file.name());
    HttpResponse<?> response = exchange("GET", path, offset, body);
    int status = response.statusCode();
    if (status == 200 || status == 206 || status == 416 && offset > 0) {
      return response;
    }
    if (!isHub(response.uri())) { // the signature in the content network's address has run out
      throw new IOException("status %d from %s".formatted(status, response.uri().getHost()));
    }
    throw errors.of(response, file.repository(), file.name());
  }

  private interface Exchange<T> {
    T run() throws IOException;
  }

  /** Tries again after failures that may pass; without a network there is nothing to wait for. */
  private <T> T retrying(HubRepository repository, Exchange<T> exchange) {
    for (int failures = 1;; failures++) {
      try {
        return exchange.run();
      } catch (ConnectException | HttpTimeoutException | SSLException e) {
        throw errors.unreachable(e, repository);
      } catch (IOException e) {
        if (failures == retry.attempts()) {
          throw errors.unreachable(e, repository);
        }
        retry.pause(failures, e, "The " + repository);
      }
    }
  }

  /**
   * One request, redirects included; for HEAD only those within the hub, which has the metadata.
   *
   * @param body makes the receiver of a successful answer's bytes; null: they are not wanted
   */
  private HttpResponse<?> exchange(String method, String path, long offset,
      Function<ResponseInfo, Consumer<byte[]>> body) throws IOException {
    URI uri = URI.create(settings.endpoint() + path);
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<?> response = send(method, uri, offset, body);
      RetryPolicy.check(response);
      Optional<URI> next = redirect(response);
      boolean linked = response.headers().firstValue("X-Linked-Etag").isPresent();
      if (next.isEmpty() || method.equals("HEAD") && (linked || !isHub(next.get()))) {
        return response;
      }
      uri = next.get();
    }
    throw new IOException("more than " + MAX_REDIRECTS + " redirects from " + path);
  }

  private HttpResponse<?> send(String method, URI uri, long offset, Function<ResponseInfo, Consumer<byte[]>> body)
      throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri)
      .method(method, HttpRequest.BodyPublishers.noBody())
      .header("User-Agent", "coldstart; java/" + Runtime.version().feature())
      .header("Accept-Encoding", "identity"); // sizes and ranges are those of the file itself
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    if (isHub(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    Activity activity = new Activity();
    BodyHandler<Void> handler = answer -> {
      activity.answered();
      Consumer<byte[]> sink = answer.statusCode() / 100 == 2 ? body.apply(answer) : null;
      return sink == null ? BodySubscribers.replacing(null) : BodySubscribers.ofByteArrayConsumer(part -> {
        activity.answered();
        part.ifPresent(sink);
      });
    };
    CompletableFuture<HttpResponse<Void>> answer = http.sendAsync(request.build(), handler);
    try {
      return activity.await(answer);
    } catch (InterruptedException e) {
      throw HubException.interrupted("from " + uri.getHost(), e);
    } finally {
      answer.cancel(true);
    }
  }

  /** Notes when a server last sent something, for a connection may fall silent without an end. */
  private final class Activity {
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean answered;

    void answered() {
      answered = true;
      lastNanos = System.nanoTime();
    }

    <T> T await(CompletableFuture<T> answer) throws IOException, InterruptedException {
      long silence = retry.silence().toNanos();
      while (true) {
        try {
          return answer.get(lastNanos + silence - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          if (System.nanoTime() - lastNanos >= silence) {
            throw answered ? new IOException("nothing came for " + retry.silence().toSeconds() + " seconds")
                : new HttpTimeoutException("no answer");
          }
        } catch (ExecutionException e) {
          if (e.getCause() instanceof HubException known) {
            throw known;
          }
          throw e.getCause() instanceof IOException failure ? failure
              : new IOException(e.getCause().getMessage(), e.getCause());
        }
      }
    }
  }

  /** Where an answer redirects to; only to addresses of the web. */
  private static Optional<URI> redirect(HttpResponse<?> response) throws IOException {
    Optional<String> location = response.headers().firstValue("Location");
    if (response.statusCode() / 100 != 3 || location.isEmpty()) {
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
    return origin(uri).equals(origin(settings.endpoint()));
  }

  private static String origin(URI uri) {
    int port = uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    return (uri.getScheme() + "://" + uri.getHost() + ":" + port).toLowerCase(Locale.ROOT);
  }
}
