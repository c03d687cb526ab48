package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A model on a local hub, and an empty cache to read it into. */
abstract class HubCase {
  static final String NAME = "owner/tiny";
  static final DownloadProgress SILENT = state -> {};
  static final HubClient.RetryPolicy BRIEF = new HubClient.RetryPolicy(5, Duration.ofMillis(5), Duration.ofSeconds(3),
      Duration.ofMillis(1500));

  @TempDir
  Path cache;
  final byte[] weights = new byte[200_000];
  final LocalHub server = new LocalHub();
  LocalHub.Repository repository;

  @BeforeEach
  void addModel() {
    new Random(1).nextBytes(weights);
    repository = server.add("models/" + NAME, "main")
      .file("config.json", "{\"a\": 1}")
      .file("README.md", "# x")
      .file("model.safetensors", weights)
      .file("pytorch_model.bin", weights)
      .file("onnx/model.safetensors", "no");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  Hub hub() {
    return hub(Optional.empty(), false);
  }

  Hub offline() {
    return hub(Optional.empty(), true);
  }

  Hub hub(Optional<String> token, boolean offline) {
    return new Hub(with(token, offline), SILENT, BRIEF);
  }

  HubSettings with(Optional<String> token, boolean offline) {
    return new HubSettings(server.endpoint(), cache, token, offline, true);
  }

  Path storage() {
    return cache.resolve("models--owner--tiny");
  }

  void assertWeightsIn(Path folder) throws IOException {
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
  }

  /** The Range headers of all downloads of large files, in their order. */
  List<String> ranges() {
    return server.requests.stream().filter(r -> r.server().equals("cdn")).map(LocalHub.Request::range).toList();
  }

  static HubRepository model(String name) {
    return HubRepository.parse(HubRepository.Kind.MODEL, name).orElseThrow();
  }

  static HubException fails(Reason reason, Executable action) {
    HubException e = assertThrows(HubException.class, action);
    assertEquals(reason, e.reason(), e.getMessage());
    return e;
  }

  static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.map(p -> p.getFileName().toString()).collect(Collectors.toSet());
    }
  }
}
