package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A small hub on this machine that speaks the protocol huggingface_hub 2.4.0 speaks: descriptions, HEAD and GET of
 * files, errors in X-Error-Code, large files by redirect to a second server in place of a content network.
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

  /** What the server does to a request in place of the right answer. */
  @FunctionalInterface
  interface Fault {
    /**
     * Answers.
     *
     * @param content what the right answer would bring; empty unless it is a file
     */
    void answer(HttpExchange exchange, byte[] content) throws IOException;
  }

  private record Planned(String requests, Fault fault) {}

  /** Tokens the hub knows; any other is answered with 401. Empty: all are known. */
  final Set<String> tokens = new HashSet<>();

  private final List<Planned> faults = new CopyOnWriteArrayList<>();
  private final Map<String, Repository> repositories = new TreeMap<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer hub = start("hub");
  private final HttpServer contentNetwork = start("cdn");

  /** Adds a repository; the path is {@code models/owner/name} or {@code datasets/owner/name}. */
  public Repository add(String path, String revision) {
    Repository repository = new Repository("%040x".formatted(repositories.size() + 1), revision);
    repositories.put(path + "@" + revision, repository);
    return repository;
  }

  /**
   * Plans a fault for the next request that matches and has none yet.
   *
   * @param requests regular expression over server, method and path: {@code cdn GET .*}
   */
  LocalHub next(String requests, Fault fault) {
    faults.add(new Planned(requests, fault));
    return this;
  }

  /** A status and headers, names and values in turn. */
  static Fault status(int status, String... headers) {
    return (exchange, content) -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
      }
      send(exchange, status, "no".getBytes(StandardCharsets.UTF_8));
    };
  }

  /** A text with status 200. */
  static Fault text(String text) {
    return (exchange, content) -> send(exchange, 200, text.getBytes(StandardCharsets.UTF_8));
  }

  /** The first half of what is asked for, and then no connection any more. */
  static void cut(HttpExchange exchange, byte[] content) throws IOException {
    int from = from(exchange);
    startContent(exchange, content, from);
    exchange.getResponseBody().write(content, from, (content.length - from) / 2);
    exchange.getResponseBody().flush(); // closing now, before all announced bytes, disconnects
  }

  /** The first half of what is asked for, and then nothing. */
  static void stall(HttpExchange exchange, byte[] content) throws IOException {
    int from = from(exchange);
    startContent(exchange, content, from);
    exchange.getResponseBody().write(content, from, (content.length - from) / 2);
    exchange.getResponseBody().flush();
    try {
      Thread.sleep(20_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One wrong bit. */
  static void flip(HttpExchange exchange, byte[] content) throws IOException {
    byte[] wrong = content.clone();
    wrong[wrong.length / 2] ^= 1;
    sendContent(exchange, wrong, from(exchange));
  }

  /** The whole content, whatever range was asked for. */
  static void whole(HttpExchange exchange, byte[] content) throws IOException {
    sendContent(exchange, content, 0);
  }

  /** Only a part that nobody asked for. */
  static void wrongRange(HttpExchange exchange, byte[] content) throws IOException {
    sendContent(exchange, content, content.length / 3);
  }

  /** The address of the hub. */
  URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  /** Settings of a reader with a cache of its own. */
  public HubSettings settings(Path cache) {
    return new HubSettings(endpoint(), cache, Optional.empty(), false, true);
  }

  private HttpServer start(String name) {
    try {
      HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
      server.setExecutor(threads); // the server's own thread would answer one request at a time
      server.createContext("/", exchange -> {
        try (exchange) {
          String path = exchange.getRequestURI().getRawPath();
          requests.add(new Request(name, exchange.getRequestMethod(), path, header(exchange, "Authorization"),
              header(exchange, "Range")));
          Optional<Fault> fault = fault(name + " " + exchange.getRequestMethod() + " " + path);
          if (name.equals("cdn")) {
            fault.orElse(LocalHub::content).answer(exchange, large(path));
          } else if (fault.isPresent()) {
            fault.get().answer(exchange, new byte[0]);
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

  private synchronized Optional<Fault> fault(String request) {
    Optional<Planned> planned = faults.stream().filter(p -> request.matches(p.requests())).findFirst();
    planned.ifPresent(faults::remove);
    return planned.map(Planned::fault);
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    String[] parts = path.replaceFirst("^/(api/)?", "").split("/");
    boolean api = path.startsWith("/api/");
    boolean dataSet = parts[0].equals("datasets");
    int at = api || dataSet ? 1 : 0;
    String name = (dataSet ? "datasets/" : "models/") + parts[at] + "/" + parts[at + 1];
    String revision = URLDecoder.decode(parts[at + 3], StandardCharsets.UTF_8);
    boolean tree = api && parts[at + 2].equals("tree");
    String authorization = header(exchange, "Authorization");
    if (!authorization.isEmpty() && !tokens.isEmpty() && !tokens.contains(authorization.replace("Bearer ", ""))) {
      exchange.getResponseHeaders().add("X-Error-Message", "Invalid credentials in Authorization header");
      error(exchange, 401, "");
      return;
    }
    Repository repository = repositories.values()
      .stream()
      .filter(r -> repositories.get(name + "@" + r.revision) == r)
      .filter(r -> r.revision.equals(revision) || r.commit.equals(revision))
      .findFirst()
      .orElse(null);
    if (repository == null) {
      boolean known = repositories.keySet().stream().anyMatch(k -> k.startsWith(name + "@"));
      error(exchange, known ? 404 : 401, known ? "RevisionNotFound" : "RepoNotFound");
    } else if (repository.gated && !authorization.equals("Bearer " + repository.neededToken)) {
      error(exchange, authorization.isEmpty() ? 401 : 403, "GatedRepo");
    } else if (tree) {
      list(exchange, repository);
    } else if (api) {
      describe(exchange, repository, parts[at] + "/" + parts[at + 1]);
    } else {
      sendFile(exchange, repository, name,
          URLDecoder.decode(String.join("/", List.of(parts).subList(at + 4, parts.length)), StandardCharsets.UTF_8));
    }
  }

  /** What Python's snapshot_download asks for. */
  private static void list(HttpExchange exchange, Repository repository) throws IOException {
    List<Map<String, Object>> entries = new ArrayList<>();
    repository.files.forEach((file, content) -> {
      Map<String, Object> entry = new TreeMap<>();
      entry.put("type", "file");
      entry.put("path", file);
      entry.put("size", content.length);
      entry.put("oid", gitHash(content));
      if (content.length > 1000) {
        entry.put("lfs", Map.of("oid", sha256(content), "size", content.length, "pointerSize", 130));
      }
      entries.add(entry);
    });
    send(exchange, 200, new Gson().toJson(entries).getBytes(StandardCharsets.UTF_8));
  }

  private static void describe(HttpExchange exchange, Repository repository, String name) throws IOException {
    List<Map<String, Object>> siblings = new ArrayList<>();
    repository.files.forEach((file, content) -> {
      Map<String, Object> sibling = new TreeMap<>();
      sibling.put("rfilename", file);
      sibling.put("size", content.length);
      sibling.put("blobId", gitHash(content));
      if (content.length > 1000) {
        sibling.put("lfs", Map.of("sha256", sha256(content), "size", content.length, "pointerSize", 130));
      }
      siblings.add(sibling);
    });
    send(exchange, 200,
        new Gson()
          .toJson(Map.of("id", name, "sha", repository.commit, "siblings", siblings, "cardData", repository.card))
          .getBytes(StandardCharsets.UTF_8));
  }

  private void sendFile(HttpExchange exchange, Repository repository, String name, String file) throws IOException {
    byte[] content = repository.files.get(file);
    if (content == null) {
      error(exchange, 404, "EntryNotFound");
      return;
    }
    exchange.getResponseHeaders().add("X-Repo-Commit", repository.commit);
    if (content.length <= 1000) {
      String etag = gitHash(content);
      exchange.getResponseHeaders().add("ETag", "\"" + etag + "\"");
      send(exchange, 200, content);
      return;
    }
    exchange.getResponseHeaders().add("X-Linked-Etag", "\"" + sha256(content) + "\"");
    exchange.getResponseHeaders().add("X-Linked-Size", String.valueOf(content.length));
    exchange.getResponseHeaders()
      .add("Location", "http://127.0.0.1:" + contentNetwork.getAddress().getPort() + "/" + name + "@"
          + repository.revision.replace("/", "%2F") + "/" + file);
    send(exchange, 302, new byte[0]);
  }

  private byte[] large(String path) {
    String decoded = URLDecoder.decode(path.substring(1), StandardCharsets.UTF_8);
    return repositories.keySet()
      .stream()
      .filter(k -> decoded.startsWith(k + "/"))
      .findFirst()
      .map(key -> repositories.get(key).files.get(decoded.substring(key.length() + 1)))
      .orElse(new byte[0]);
  }

  private static void content(HttpExchange exchange, byte[] content) throws IOException {
    int from = from(exchange);
    if (from >= content.length) {
      send(exchange, 416, new byte[0]);
    } else {
      sendContent(exchange, content, from);
    }
  }

  private static void sendContent(HttpExchange exchange, byte[] content, int from) throws IOException {
    startContent(exchange, content, from);
    exchange.getResponseBody().write(content, from, content.length - from);
  }

  private static void startContent(HttpExchange exchange, byte[] content, int from) throws IOException {
    if (from > 0) {
      exchange.getResponseHeaders()
        .add("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
  }

  private static int from(HttpExchange exchange) {
    String range = header(exchange, "Range");
    return range.isEmpty() ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
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
    return hash("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
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
    threads.shutdownNow();
  }
}
