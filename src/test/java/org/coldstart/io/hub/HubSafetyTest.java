package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a token may be sent to, what a server may make us do, and what it means when it refuses. */
@Timeout(30)
class HubSafetyTest extends HubCase {
  @Test
  void sendsTheTokenToTheHubOnly() {
    repository.gated("secret");
    hub(Optional.of("secret"), false).downloadModel(NAME);
    assertEquals(Set.of("Bearer secret"), authorizations("hub"));
    assertEquals(Set.of(""), authorizations("cdn"), "another port is another server");
  }

  @Test
  void anotherNameForTheSameMachineIsAnotherServer() {
    String moved = "http://localhost:" + server.endpoint().getPort() + "/owner/tiny/resolve/";
    server.next("hub GET .*/config.json", LocalHub.status(302, "Location", moved + repository.commit + "/config.json"));
    hub(Optional.of("secret"), false).downloadModel(NAME);
    List<LocalHub.Request> config = server.requests.stream()
      .filter(r -> r.method().equals("GET") && r.path().endsWith("config.json"))
      .toList();
    assertEquals(List.of("Bearer secret", ""), config.stream().map(LocalHub.Request::authorization).toList());
  }

  @Test
  void followsARelativeRedirectOfARenamedRepository() throws IOException {
    server.next("hub GET /api/models/old/name/.*",
        LocalHub.status(307, "Location", "/api/models/owner/tiny/revision/main"));
    for (String file : List.of("config.json", "model.safetensors")) {
      server.next("hub GET /old/name/.*/" + file,
          LocalHub.status(307, "Location", "/owner/tiny/resolve/" + repository.commit + "/" + file));
    }
    Path folder = hub(Optional.of("secret"), false).downloadModel("old/name");
    assertWeightsIn(folder);
    assertTrue(folder.startsWith(cache.resolve("models--old--name")));
    assertEquals(Set.of("Bearer secret"), authorizations("hub"));
  }

  @Test
  void doesNotFollowRedirectsForEver() {
    String loop = "/api/models/owner/tiny/revision/main";
    for (int i = 0; i < 100; i++) {
      server.next("hub GET /api/.*", LocalHub.status(302, "Location", loop));
    }
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("redirects"), e.getMessage());
  }

  @Test
  void redirectsLeadToTheWebOnly() {
    for (String target : List.of("file:///etc/passwd", "ftp://x/y", "http:///x", "http://a b/", "mailto:x")) {
      for (int i = 0; i < BRIEF.attempts(); i++) {
        server.next("hub GET /api/.*", LocalHub.status(302, "Location", target));
      }
      fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    }
  }

  @Test
  void fileNamesNeverLeaveTheFolder() throws IOException {
    for (String name : List.of("../evil", "a/../../evil", "/evil", "//evil", "a/./b", "a//b", "a/", "", ".", "..",
        "..\\evil", "C:\\evil", "C:evil", "a\0b", "a\nb", "\\\\host\\share\\evil")) {
      HubException e = fails(Reason.DAMAGED, () -> hub().snapshot(model(NAME), d -> List.of(name)));
      assertFalse(e.getMessage().contains("\n"), e.getMessage());
    }
    assertEquals(Set.of(".coldstart", "refs"), names(storage()));
    for (String name : List.of("...", "a..b", ".gitattributes", "a b/ü#?.txt", "x/..y")) {
      repository.file(name, "content of " + name);
      Hub.Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of(name));
      assertEquals("content of " + name, Files.readString(snapshot.paths().get(0)));
    }
  }

  @Test
  void aCommitOrAnEtagIsNoPath() throws IOException {
    for (String answer : List.of("{\"sha\": \"../../../evil\", \"siblings\": []}", "{\"sha\": null}", "{}", "[]",
        "<html>Please log in</html>", "", "{\"sha\": \"%040d\", \"siblings\": 1}".formatted(1),
        "{\"sha\": \"%040d\", \"siblings\": [{\"rfilename\": [1]}]}".formatted(1),
        "{\"sha\": \"%040d\", \"siblings\": [{\"rfilename\": \"x\", \"size\": 1}]}".formatted(1))) {
      server.next("hub GET /api/.*", LocalHub.text(answer));
      HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
      assertTrue(e.getMessage().contains("does not answer like a model hub"), e.getMessage());
    }
    for (String etag : List.of("../../evil", "a/b", "..", "a\\b", "")) {
      server.next("hub GET /api/.*", LocalHub.text("""
          {"sha": "%040d", "siblings": [{"rfilename": "README.md", "size": 3, "blobId": "%s"}]}""".formatted(1,
          etag.replace("\\", "\\\\"))));
      fails(Reason.UNREACHABLE, () -> hub().snapshot(model(NAME), d -> List.of("README.md")));
    }
    try (Stream<Path> files = Files.walk(cache)) { // not above: there others make and delete files
      assertFalse(files.anyMatch(f -> f.getFileName().toString().equals("evil")));
    }
    assertFalse(Files.exists(cache.resolveSibling("evil")));
    assertFalse(Files.exists(cache.getParent().resolveSibling("evil")));
  }

  @Test
  void aRefOrANoteOfOthersIsNotTrusted() throws IOException {
    Path folder = hub().downloadModel(NAME);
    Files.writeString(storage().resolve("refs/main"), "../../../elsewhere");
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
    Files.writeString(storage().resolve("refs/main"), "");
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
    Files.writeString(storage().resolve("refs/main"), repository.commit);
    Files.writeString(storage().resolve(".coldstart/" + repository.commit + ".json"), "{\"commit");
    assertEquals(folder, offline().downloadModel(NAME));
    assertEquals(folder, hub().downloadModel(NAME));
  }

  @Test
  void namesTheLicencePageOfAGatedModel() {
    repository.gated("secret");
    server.tokens.addAll(List.of("secret", "stranger"));
    assertEquals(
        "The model owner/tiny is gated: accept its licence at %1$s/owner/tiny, then set HF_TOKEN to a token from %1$s/settings/tokens."
          .formatted(server.endpoint()),
        fails(Reason.GATED, () -> hub().downloadModel(NAME)).getMessage());
    assertEquals(
        "The model owner/tiny is gated and the token has no access: accept the licence at %s/owner/tiny with the account of the token."
          .formatted(server.endpoint()),
        fails(Reason.GATED, () -> hub(Optional.of("stranger"), false).downloadModel(NAME)).getMessage());
    HubException wrong = fails(Reason.BAD_TOKEN, () -> hub(Optional.of("s3cr3t"), false).downloadModel(NAME));
    assertTrue(
        wrong.getMessage().contains("HF_TOKEN") && wrong.getMessage().contains(server.endpoint() + "/settings/tokens"),
        wrong.getMessage());
    assertFalse(wrong.getMessage().contains("s3cr3t"), "the token is not shown");
    hub(Optional.of("secret"), false).downloadModel(NAME);
  }

  @Test
  void aTokenWithoutThePermissionIsToldSo() {
    server.next("hub GET /api/.*", LocalHub.status(403));
    assertTrue(fails(Reason.GATED, () -> hub(Optional.of("narrow"), false).downloadModel(NAME)).getMessage()
      .contains("check the token's permissions"));
    server.next("hub GET /api/.*", LocalHub.status(403));
    assertTrue(fails(Reason.GATED, () -> hub().downloadModel(NAME)).getMessage().contains("set HF_TOKEN"));
  }

  @Test
  void aMissingRepositoryMayBeAPrivateOne() {
    assertTrue(fails(Reason.REPOSITORY_NOT_FOUND, () -> hub().downloadModel("owner/none")).getMessage()
      .contains("set HF_TOKEN if it is private"));
    assertTrue(
        fails(Reason.REPOSITORY_NOT_FOUND, () -> hub(Optional.of("t"), false).downloadModel("owner/none")).getMessage()
          .contains("that the token may read"));
  }

  private Set<String> authorizations(String name) {
    return server.requests.stream()
      .filter(r -> r.server().equals(name))
      .map(LocalHub.Request::authorization)
      .collect(Collectors.toSet());
  }
}
