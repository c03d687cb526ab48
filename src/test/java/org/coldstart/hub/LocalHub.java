package org.coldstart.hub;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small hub on this machine that speaks the protocol huggingface_hub 2.4.0 speaks: descriptions,
 * HEAD and GET of files, errors in X-Error-Code, large files by redirect to a second server in
 * place of a content network.
 */
public final class LocalHub implements AutoCloseable {
  /**
   * A request as it came: server, method, path, Authorization and Range headers ("" when absent).
   */
  record Request(String server, String method, String path, String authorization, String range) {}

  /** A repository at one commit; files above 1000 bytes are stored as large files. */
  public static final class Repository {
    final String commit;
    final String revision;
    final Map<String, byte[]> files = new TreeMap<>();
    Map<String, Object> card = Map.of();
    String neededToken = "";
    boolean gated;

    Repository(String commit, String revision) {
      this.commit = commit;
      this.revision = revision;
    }

    public Repository file(String name, byte[] content) {
      files.put(name, content);
      return this;
    }

    public Repository file(String name, String content) {
      return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    Repository gated(String token) {
      gated = true;
      neededToken = token;
      return this;
    }

    public Repository card(Map<String, Object> settings) {
      card = settings;
      return this;
    }
  }

  final List<Request> requests = new CopyOnWriteArrayList<>();

  /** How many of the next large downloads break off half-way. */
  final AtomicInteger cuts = new AtomicInteger();

  /** How many of the next large downloads bring wrong bytes. */
  final AtomicInteger flips = new AtomicInteger();

  /** How many of the next large downloads are answered with status 503. */
  final AtomicInteger refusals = new AtomicInteger();

  private final Map<String, Repository> repositories = new TreeMap<>();
  private final HttpServer hub = start("hub");
  private final HttpServer contentNetwork = start("cdn");

  /** Adds a repository; the path is {@code models/owner/name} or {@code datasets/owner/name}. */
  public Repository add(String path, String revision) {
    Repository repository = new Repository("%040x".formatted(repositories.size() + 1), revision);
    repositories.put(path + "@" + revision, repository);
    return repository;
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  /** Settings of a reader with a cache of its own. */
  public HubSettings settings(Path cache) {
    return new HubSettings(endpoint(), cache, Optional.empty(), false, true);
  }

  private HttpServer start(String name) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              String path = exchange.getRequestURI().getRawPath();
              requests.add(
                  new Request(
                      name,
                      exchange.getRequestMethod(),
                      path,
                      header(exchange, "Authorization"),
                      header(exchange, "Range")));
              if (name.equals("cdn")) {
                sendLarge(exchange, path);
              } else {
                answer(exchange, path);
              }
            }
          });
      server.start();
      return server;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    String[] parts = path.replaceFirst("^/(api/)?", "").split("/");
    boolean api = path.startsWith("/api/");
    boolean dataSet = parts[0].equals("datasets");
    int at = api || dataSet ? 1 : 0;
    String name = (dataSet ? "datasets/" : "models/") + parts[at] + "/" + parts[at + 1];
    String revision = java.net.URLDecoder.decode(parts[at + 3], StandardCharsets.UTF_8);
    Repository repository =
        repositories.values().stream()
            .filter(r -> repositories.get(name + "@" + r.revision) == r)
            .filter(r -> r.revision.equals(revision) || r.commit.equals(revision))
            .findFirst()
            .orElse(null);
    if (repository == null) {
      boolean known = repositories.keySet().stream().anyMatch(k -> k.startsWith(name + "@"));
      error(exchange, known ? 404 : 401, known ? "RevisionNotFound" : "RepoNotFound");
    } else if (repository.gated
        && !header(exchange, "Authorization").equals("Bearer " + repository.neededToken)) {
      error(exchange, header(exchange, "Authorization").isEmpty() ? 401 : 403, "GatedRepo");
    } else if (api) {
      describe(exchange, repository);
    } else {
      sendFile(
          exchange,
          repository,
          name,
          String.join("/", List.of(parts).subList(at + 4, parts.length)));
    }
  }

  private static void describe(HttpExchange exchange, Repository repository) throws IOException {
    List<Map<String, String>> siblings =
        repository.files.keySet().stream().map(f -> Map.of("rfilename", f)).toList();
    send(
        exchange,
        200,
        new Gson()
            .toJson(
                Map.of("sha", repository.commit, "siblings", siblings, "cardData", repository.card))
            .getBytes(StandardCharsets.UTF_8));
  }

  private void sendFile(HttpExchange exchange, Repository repository, String name, String file)
      throws IOException {
    byte[] content = repository.files.get(file);
    if (content == null) {
      error(exchange, 404, "EntryNotFound");
      return;
    }
    exchange.getResponseHeaders().add("X-Repo-Commit", repository.commit);
    if (content.length <= 1000) {
      exchange.getResponseHeaders().add("ETag", "\"" + gitHash(content) + "\"");
      send(exchange, 200, content);
      return;
    }
    exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + sha256(content) + "\"");
    exchange.getResponseHeaders().add("X-Linked-Size", String.valueOf(content.length));
    exchange
        .getResponseHeaders()
        .add(
            "Location",
            "http://127.0.0.1:"
                + contentNetwork.getAddress().getPort()
                + "/"
                + name
                + "@"
                + repository.revision.replace("/", "%2F")
                + "/"
                + file);
    send(exchange, 302, new byte[0]);
  }

  private void sendLarge(HttpExchange exchange, String path) throws IOException {
    String decoded = java.net.URLDecoder.decode(path.substring(1), StandardCharsets.UTF_8);
    String key =
        repositories.keySet().stream()
            .filter(k -> decoded.startsWith(k + "/"))
            .findFirst()
            .orElseThrow();
    byte[] content = repositories.get(key).files.get(decoded.substring(key.length() + 1)).clone();
    if (flips.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      content[content.length / 2] ^= 1;
    }
    if (refusals.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      error(exchange, 503, "");
      return;
    }
    String range = header(exchange, "Range");
    int from = range.isEmpty() ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    if (from > 0) {
      exchange
          .getResponseHeaders()
          .add(
              "Content-Range",
              "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    }
    int length = content.length - from;
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, length);
    boolean cut = cuts.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
    OutputStream out = exchange.getResponseBody();
    out.write(content, from, cut ? length / 2 : length);
    out.flush(); // closing the exchange before all announced bytes are out drops the connection
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    exchange.getResponseHeaders().add("X-Error-Code", code);
    send(exchange, status, "no".getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      exchange.getResponseHeaders().add("Content-Length", String.valueOf(body.length));
    }
    exchange.sendResponseHeaders(status, head || body.length == 0 ? -1 : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }

  private static String header(HttpExchange exchange, String name) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name)).orElse("");
  }

  static String gitHash(byte[] content) {
    return hash(
        "SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
  }

  static String sha256(byte[] content) {
    return hash("SHA-256", new byte[0], content);
  }

  private static String hash(String algorithm, byte[] head, byte[] content) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      digest.update(head);
      return HexFormat.of().formatHex(digest.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    contentNetwork.stop(0);
  }
}
