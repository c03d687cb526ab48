package org.coldstart.io.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.coldstart.io.hub.HubRepository.RemoteFile;

/**
 * Speaks the hub's protocol: information on repositories, and contents of files from any byte on. Redirects are
 * followed by hand, because the token may go to the endpoint only, not to the content delivery network.
 */
final class HubClient {
  /**
   * When to try again and how long to wait before: exponential backoff, or as long as the server asks.
   *
   * @param attempts how many failures in a row are the end
   * @param longestPause a server that asks for more is not waited for
   * @param silence a connection on which nothing comes for so long counts as broken
   */
  record RetryPolicy(int attempts, Duration firstPause, Duration longestPause, Duration silence) {

    /** Waits 15 seconds in all for a server that does not say how long; rate limits last minutes. */
    static final RetryPolicy NORMAL = new RetryPolicy(5, Duration.ofSeconds(1), Duration.ofMinutes(6),
        Duration.ofSeconds(30));

    /** Waits after so many failures in a row, of which {@code cause} is the last. */
    void pause(int failures, IOException cause, String what) {
      Duration wait = cause instanceof BusyException busy ? busy.retryAfter : Duration.ZERO;
      wait = wait.isZero() ? firstPause.multipliedBy(1L << (failures - 1)) : wait;
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
  }

  /** An answer that says "not now": status 408, 429 or 5xx, perhaps with the seconds to wait; zero: not said. */
  private static final class BusyException extends IOException {
    private final transient Duration retryAfter;

    BusyException(HttpResponse<?> response) {
      super("status %d from %s".formatted(response.statusCode(), response.uri().getHost()));
      String seconds = response.headers().firstValue("Retry-After").filter(s -> s.matches("\\d{1,9}")).orElse("0");
      retryAfter = Duration.ofSeconds(Long.parseLong(seconds));
    }
  }

  private static final int MAX_REDIRECTS = 10;

  private final HttpClient http = HttpClient.newBuilder()
    .version(HttpClient.Version.HTTP_1_1)
    .connectTimeout(Duration.ofSeconds(10))
    .followRedirects(HttpClient.Redirect.NEVER)
    .build();
  private final HubSettings settings;
  final RetryPolicy retry;

  HubClient(HubSettings settings, RetryPolicy retry) {
    this.settings = settings;
    this.retry = retry;
  }

  /**
   * What the hub says about a repository's revision: JSON for {@link HubRepository.Info}. Failures that may pass are
   * retried; without a network there is nothing to wait for.
   */
  String info(HubRepository repository) {
    for (int failures = 1;; failures++) {
      try {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        HttpResponse<?> response = exchange(repository.apiPath(), 0,
            answer -> answer.statusCode() == 200 ? body::writeBytes : null);
        if (response.statusCode() == 200) {
          return body.toString(StandardCharsets.UTF_8);
        }
        throw HubException.of(response, settings, repository);
      } catch (IOException e) {
        boolean noNetwork = e instanceof ConnectException || e instanceof HttpTimeoutException
            || e instanceof SSLException;
        if (noNetwork || failures == retry.attempts()) {
          throw HubException.unreachable(e, settings, repository);
        }
        retry.pause(failures, e, "The " + repository);
      }
    }
  }

  /**
   * A file's bytes from {@code offset} on: status 206, or 200 when the server sends the whole file regardless; 416 when
   * it has no such bytes. An IOException means that another attempt may succeed.
   *
   * @param body makes the receiver of an answer's bytes; null: they are not wanted
   */
  void get(RemoteFile file, long offset, Function<ResponseInfo, Consumer<byte[]>> body) throws IOException {
    HttpResponse<?> response = exchange(file.path(), offset, body);
    int status = response.statusCode();
    if (status == 200 || status == 206 || status == 416 && offset > 0) {
      return;
    }
    if (!isHub(response.uri())) { // the signature in the content network's address has run out
      throw new IOException("status %d from %s".formatted(status, response.uri().getHost()));
    }
    throw HubException.of(response, settings, file.repository());
  }

  /** A GET request, redirects included. */
  private HttpResponse<?> exchange(String path, long offset, Function<ResponseInfo, Consumer<byte[]>> body)
      throws IOException {
    URI uri = URI.create(settings.endpoint() + path);
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<?> response = send(uri, offset, body);
      int status = response.statusCode();
      if (status == 408 || status == 429 || status >= 500) {
        throw new BusyException(response);
      }
      Optional<String> location = response.headers().firstValue("Location");
      if (status / 100 != 3 || location.isEmpty()) {
        return response;
      }
      uri = redirect(uri, location.get());
    }
    throw new IOException("more than " + MAX_REDIRECTS + " redirects from " + path);
  }

  /** Only addresses of the web are followed: a request takes no others. */
  private static URI redirect(URI from, String location) throws IOException {
    try {
      return HttpRequest.newBuilder(from.resolve(location)).build().uri();
    } catch (IllegalArgumentException e) {
      throw new IOException("a redirect to " + location, e);
    }
  }

  private HttpResponse<?> send(URI uri, long offset, Function<ResponseInfo, Consumer<byte[]>> body) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri)
      .header("User-Agent", "coldstart; java/" + Runtime.version().feature())
      .header("Accept-Encoding", "identity"); // sizes and ranges are those of the file itself
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    if (isHub(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    AtomicLong received = new AtomicLong(); // the head and each part of the body
    BodyHandler<Void> handler = answer -> {
      received.incrementAndGet();
      Consumer<byte[]> sink = body.apply(answer);
      return sink == null ? BodySubscribers.replacing(null) : BodySubscribers.ofByteArrayConsumer(part -> {
        received.incrementAndGet();
        part.ifPresent(sink);
      });
    };
    CompletableFuture<HttpResponse<Void>> answer = http.sendAsync(request.build(), handler);
    try {
      return await(answer, received);
    } catch (InterruptedException e) {
      throw HubException.interrupted("from " + uri.getHost(), e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HubException known) {
        throw known;
      }
      throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause().getMessage(), e);
    } finally {
      answer.cancel(true);
    }
  }

  /** Waits for the end of an answer as long as parts of it come, for a connection may fall silent without an end. */
  private HttpResponse<?> await(CompletableFuture<HttpResponse<Void>> answer, AtomicLong received)
      throws IOException, InterruptedException, ExecutionException {
    for (long before = 0;; before = received.get()) {
      try {
        return answer.get(retry.silence().toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (received.get() == 0) {
          throw new HttpTimeoutException("no answer");
        }
        if (received.get() == before) {
          throw new IOException("nothing came for " + retry.silence().toSeconds() + " seconds");
        }
      }
    }
  }

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return uri.getScheme().equalsIgnoreCase(hub.getScheme()) && uri.getAuthority().equalsIgnoreCase(hub.getAuthority());
  }
}
