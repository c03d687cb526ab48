package org.coldstart.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.hub.HubException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubTest {
  private static final String NAME = "owner/tiny";
  private static final DownloadProgress SILENT = (file, bytes, total) -> {};

  @TempDir Path cache;
  private final byte[] weights = new byte[200_000];
  private final LocalHub server = new LocalHub();
  private LocalHub.Repository repository;

  @BeforeEach
  void addModel() {
    new Random(1).nextBytes(weights);
    repository =
        server
            .add("models/" + NAME, "main")
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

  @Test
  void downloadsWhatAModelNeedsIntoPythonsLayout() throws IOException {
    Path folder = hub().downloadModel(NAME);

    Path storage = cache.resolve("models--owner--tiny");
    String config = LocalHub.gitHash("{\"a\": 1}".getBytes(StandardCharsets.UTF_8));
    String sha = LocalHub.sha256(weights);
    assertEquals(storage.resolve("snapshots").resolve(repository.commit), folder);
    assertEquals(repository.commit, Files.readString(storage.resolve("refs/main")));
    assertEquals(Set.of("config.json", "model.safetensors"), names(folder));
    assertEquals(Set.of(config, sha), names(storage.resolve("blobs")));
    assertEquals(
        Path.of("../../blobs", sha), Files.readSymbolicLink(folder.resolve("model.safetensors")));
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertTrue(Files.exists(cache.resolve(".locks/models--owner--tiny").resolve(sha + ".lock")));
  }

  @Test
  void linksInFoldersLeadBackToTheBlobs() throws IOException {
    repository.file("data/deep/rows.jsonl", "{}");
    Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of("data/deep/rows.jsonl"));
    assertEquals("{}", Files.readString(snapshot.paths().get(0)));
    assertTrue(Files.readSymbolicLink(snapshot.paths().get(0)).startsWith("../../../../blobs"));
  }

  @Test
  void doesNotDownloadTwice() {
    hub().downloadModel(NAME);
    server.requests.clear();
    hub().downloadModel(NAME);
    assertEquals(1, server.requests.size(), "only the description is asked for again");
  }

  @Test
  void goesOnAfterCutConnections() throws IOException {
    server.cuts.set(2);
    Path folder = hub().downloadModel(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    List<String> ranges =
        server.requests.stream()
            .filter(r -> r.server().equals("cdn"))
            .map(LocalHub.Request::range)
            .toList();
    assertEquals(3, ranges.size());
    assertEquals("", ranges.get(0));
    assertTrue(ranges.get(1).matches("bytes=[1-9]\\d*-"), ranges.get(1));
  }

  @Test
  void goesOnWithTheRestOfAnEarlierRun() throws IOException {
    Path blobs = Files.createDirectories(cache.resolve("models--owner--tiny/blobs"));
    byte[] start = java.util.Arrays.copyOf(weights, 150_000);
    Files.write(blobs.resolve(LocalHub.sha256(weights) + ".incomplete"), start);
    Path folder = hub().downloadModel(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertTrue(server.requests.stream().anyMatch(r -> r.range().equals("bytes=150000-")));
  }

  @Test
  void triesAgainAfterAServerError() throws IOException {
    server.cuts.set(1);
    server.refusals.set(1);
    assertArrayEquals(
        weights, Files.readAllBytes(hub().downloadModel(NAME).resolve("model.safetensors")));
  }

  @Test
  void givesUpAfterFiveAnswersWithoutBytes() {
    server.refusals.set(5);
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("model.safetensors"), e.getMessage());
  }

  @Test
  void removesADamagedDownload() throws IOException {
    server.flips.set(1);
    HubException e = fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    assertTrue(
        e.getMessage().contains("model.safetensors") && e.getMessage().contains("try again"),
        e.getMessage());
    assertFalse(
        names(cache.resolve("models--owner--tiny/blobs")).stream()
            .anyMatch(n -> n.startsWith(LocalHub.sha256(weights))));
    assertArrayEquals(
        weights, Files.readAllBytes(hub().downloadModel(NAME).resolve("model.safetensors")));
  }

  @Test
  void sendsTheTokenToTheHubOnly() {
    repository.gated("secret");
    new Hub(with(Optional.of("secret"), false), SILENT).downloadModel(NAME);
    assertEquals(Set.of("Bearer secret"), authorizations("hub"));
    assertEquals(Set.of(""), authorizations("cdn"));
  }

  @Test
  void namesTheLicencePageOfAGatedModel() {
    repository.gated("secret");
    HubException without = fails(Reason.GATED, () -> hub().downloadModel(NAME));
    assertEquals(
        "The model owner/tiny is gated: accept its licence at "
            + server.endpoint()
            + "/owner/tiny,"
            + " then set HF_TOKEN to a token from "
            + server.endpoint()
            + "/settings/tokens.",
        without.getMessage());
    HubException other =
        fails(
            Reason.GATED,
            () -> new Hub(with(Optional.of("wrong"), false), SILENT).downloadModel(NAME));
    assertTrue(other.getMessage().contains("token has no access"), other.getMessage());
    assertFalse(other.getMessage().contains("wrong"), "the token is not shown");
  }

  @Test
  void tellsRepositoryRevisionAndFileApart() {
    assertTrue(
        fails(Reason.REPOSITORY_NOT_FOUND, () -> hub().downloadModel("owner/none"))
            .getMessage()
            .contains("owner/none"));
    assertTrue(
        fails(Reason.REVISION_NOT_FOUND, () -> hub().downloadModel(NAME + "@v9"))
            .getMessage()
            .contains("'v9'"));
    assertTrue(
        fails(Reason.FILE_NOT_FOUND, () -> hub().snapshot(model(NAME), d -> List.of("x.txt")))
            .getMessage()
            .contains("'x.txt'"));
    fails(Reason.BAD_NAME, () -> hub().downloadModel("no/such/folder"));
  }

  @Test
  void refusesFileNamesThatLeaveTheFolder() {
    fails(Reason.DAMAGED, () -> hub().snapshot(model(NAME), d -> List.of("../../../evil")));
  }

  @Test
  void readsAnotherRevision() throws IOException {
    server.add("models/" + NAME, "v2").file("config.json", "{\"a\": 2}");
    assertEquals(
        "{\"a\": 2}", Files.readString(hub().downloadModel(NAME + "@v2").resolve("config.json")));
    assertTrue(Files.exists(cache.resolve("models--owner--tiny/refs/v2")));
  }

  @Test
  void usesTheCacheOffline() {
    HubException e =
        fails(
            Reason.OFFLINE,
            () -> new Hub(with(Optional.empty(), true), SILENT).downloadModel(NAME));
    assertTrue(
        e.getMessage().contains("HF_HUB_OFFLINE") && e.getMessage().contains(cache.toString()),
        e.getMessage());
    Path folder = hub().downloadModel(NAME);
    server.requests.clear();
    assertEquals(folder, new Hub(with(Optional.empty(), true), SILENT).downloadModel(NAME));
    assertEquals(List.of(), server.requests);
  }

  @Test
  void usesTheCacheWhenTheHubIsGone() {
    Path folder = hub().downloadModel(NAME);
    server.close();
    assertEquals(folder, hub().downloadModel(NAME));
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel("owner/other"));
    assertTrue(
        e.getMessage().contains(server.endpoint() + " refuses the connection"), e.getMessage());
  }

  @Test
  void doesNotTakeAPartialSnapshotForAWholeOne() {
    server.flips.set(1);
    fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    fails(Reason.OFFLINE, () -> new Hub(with(Optional.empty(), true), SILENT).downloadModel(NAME));
  }

  @Test
  void placesFilesThemselvesWithoutLinks() throws IOException {
    HubSettings settings =
        new HubSettings(server.endpoint(), cache, Optional.empty(), false, false);
    Path folder = new Hub(settings, SILENT).downloadModel(NAME);
    assertFalse(Files.isSymbolicLink(folder.resolve("model.safetensors")));
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    server.requests.clear();
    new Hub(settings, SILENT).downloadModel(NAME);
    assertEquals(1, server.requests.size());
  }

  @Test
  void reportsProgressUpToTheWholeFile() {
    List<Long> seen = new ArrayList<>();
    new Hub(
            server.settings(cache),
            (file, bytes, total) -> {
              if (file.equals("model.safetensors")) {
                assertEquals(weights.length, total);
                seen.add(bytes);
              }
            })
        .downloadModel(NAME);
    assertTrue(seen.size() > 1, seen.toString());
    assertEquals(seen.stream().sorted().toList(), seen);
    assertEquals(weights.length, seen.get(seen.size() - 1));
  }

  @Test
  void namesOnlyLargeFilesWhenTheyAreDone() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DownloadProgress lines =
        DownloadProgress.lines(new PrintStream(out, true, StandardCharsets.UTF_8));
    lines.report("small.json", 900, 900);
    lines.report("large.bin", 1_000_000, 2_000_000);
    lines.report("large.bin", 2_000_000, 2_000_000);
    assertEquals(1, out.toString(StandardCharsets.UTF_8).lines().count());
    assertTrue(
        out.toString(StandardCharsets.UTF_8).startsWith("downloaded large.bin (2"),
        out.toString(StandardCharsets.UTF_8));
  }

  private Hub hub() {
    return new Hub(server.settings(cache), SILENT);
  }

  private HubSettings with(Optional<String> token, boolean offline) {
    return new HubSettings(server.endpoint(), cache, token, offline, true);
  }

  private static HubRepository model(String name) {
    return HubRepository.parse(HubRepository.Kind.MODEL, name).orElseThrow();
  }

  private Set<String> authorizations(String name) {
    return server.requests.stream()
        .filter(r -> r.server().equals(name))
        .map(LocalHub.Request::authorization)
        .collect(Collectors.toSet());
  }

  private static HubException fails(
      Reason reason, org.junit.jupiter.api.function.Executable action) {
    HubException e = assertThrows(HubException.class, action);
    assertEquals(reason, e.reason(), e.getMessage());
    return e;
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.map(p -> p.getFileName().toString()).collect(Collectors.toSet());
    }
  }
}
