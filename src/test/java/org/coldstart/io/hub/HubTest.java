package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.Test;

class HubTest extends HubCase {
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
    assertEquals(Path.of("../../blobs", sha), Files.readSymbolicLink(folder.resolve("model.safetensors")));
    assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
    assertTrue(Files.exists(cache.resolve(".locks/models--owner--tiny").resolve(sha + ".lock")));
  }

  @Test
  void linksInFoldersLeadBackToTheBlobs() throws IOException {
    repository.file("data/deep/rows.jsonl", "{}");
    Hub.Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of("data/deep/rows.jsonl"));
    assertEquals("{}", Files.readString(snapshot.paths().get(0)));
    assertTrue(Files.readSymbolicLink(snapshot.paths().get(0)).startsWith("../../../../blobs"));
  }

  @Test
  void doesNotDownloadTwice() {
    hub().downloadModel(NAME);
    server.requests.clear();
    hub().downloadModel(NAME);
    assertEquals(1, server.requests.size(), "only the repository's information is requested again");
  }

  @Test
  void tellsRepositoryRevisionAndFileApart() {
    assertTrue(fails(Reason.REPOSITORY_NOT_FOUND, () -> hub().downloadModel("owner/none")).getMessage()
      .contains("owner/none"));
    assertTrue(fails(Reason.REVISION_NOT_FOUND, () -> hub().downloadModel(NAME + "@v9")).getMessage().contains("'v9'"));
    assertTrue(fails(Reason.FILE_NOT_FOUND, () -> hub().snapshot(model(NAME), d -> List.of("x.txt"))).getMessage()
      .contains("'x.txt'"));
    fails(Reason.BAD_NAME, () -> hub().downloadModel("no/such/folder"));
  }

  @Test
  void readsBranchesTagsPullRequestsAndCommits() throws IOException {
    for (String revision : List.of("v2", "feature/x", "refs/pr/3")) {
      LocalHub.Repository other = server.add("models/" + NAME, revision)
        .file("config.json", "{\"at\": \"" + revision + "\"}")
        .file("model.safetensors", "w");
      Path folder = hub().downloadModel(NAME + "@" + revision);
      assertTrue(Files.readString(folder.resolve("config.json")).contains(revision));
      assertEquals(other.commit, Files.readString(storage().resolve("refs").resolve(revision)));
      server.requests.clear();
      assertEquals(folder, hub().downloadModel(NAME + "@" + other.commit));
      assertEquals(List.of(), server.requests, "a commit that is here needs no hub");
    }
  }

  @Test
  void usesTheCacheOffline() {
    HubException e = fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
    assertTrue(e.getMessage().contains("HF_HUB_OFFLINE") && e.getMessage().contains(cache.toString()), e.getMessage());
    Path folder = hub().downloadModel(NAME);
    server.requests.clear();
    assertEquals(folder, offline().downloadModel(NAME));
    assertEquals(List.of(), server.requests);
  }

  @Test
  void usesTheCacheWhenTheHubIsGone() {
    Path folder = hub().downloadModel(NAME);
    server.close();
    assertEquals(folder, hub().downloadModel(NAME));
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel("owner/other"));
    assertTrue(e.getMessage().contains(server.endpoint() + " refuses the connection"), e.getMessage());
  }

  @Test
  void doesNotTakeAPartialSnapshotForAWholeOne() {
    server.next("cdn GET .*", LocalHub::flip).next("cdn GET .*", LocalHub::flip);
    fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
  }

  @Test
  void goesBackToTheCacheWhenTheHubFails() {
    Path folder = hub().downloadModel(NAME);
    for (int i = 0; i < BRIEF.attempts(); i++) {
      server.next("hub GET /api/.*", LocalHub.status(503));
    }
    assertEquals(folder, hub().downloadModel(NAME));
    repository.gated("secret");
    assertEquals(folder, hub().downloadModel(NAME));
  }

  @Test
  void placesFilesThemselvesWithoutLinks() throws IOException {
    HubSettings settings = new HubSettings(server.endpoint(), cache, Optional.empty(), false, false);
    Path folder = new Hub(settings, SILENT).downloadModel(NAME);
    assertFalse(Files.isSymbolicLink(folder.resolve("model.safetensors")));
    assertWeightsIn(folder);
    server.requests.clear();
    new Hub(settings, SILENT).downloadModel(NAME);
    assertEquals(1, server.requests.size());
  }

  @Test
  void withoutLinksABlobThatASnapshotLinksToIsCopied() throws IOException {
    Path first = hub().downloadModel(NAME);
    server.add("models/" + NAME, "v2").file("config.json", "{}").file("model.safetensors", weights);
    HubSettings settings = new HubSettings(server.endpoint(), cache, Optional.empty(), false, false);
    Path second = new Hub(settings, SILENT).downloadModel(NAME + "@v2");
    assertWeightsIn(first);
    assertWeightsIn(second);
    assertEquals(1, ranges().size(), "the second snapshot takes the bytes of the first");
  }

  @Test
  void contentThatTwoFilesShareIsDownloadedOnce() throws IOException {
    repository.file("copy.safetensors", weights);
    Hub.Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of("model.safetensors", "copy.safetensors"));
    assertWeightsIn(snapshot.folder());
    assertArrayEquals(weights, Files.readAllBytes(snapshot.paths().get(1)));
    assertEquals(1, ranges().size());
  }

  @Test
  void refusesNamesThatAreNone() {
    for (String name : List.of("a--b/c", "a/b--c", "../x", "a/..", "/a/b", "a/b/c", "a", ".a/b", "a/b.git", "a/b@",
        "a/b@../x", "a/b@/etc/x", "a/b@.hidden", "a/b@x//y", "a\\b/c", "a/b@x y")) {
      fails(Reason.BAD_NAME, () -> hub().downloadModel(name));
    }
    fails(Reason.BAD_NAME, () -> model(NAME).at("../../x"));
    assertEquals(List.of(), server.requests);
  }
}
