package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that break, servers that are busy, bytes that are wrong. */
@Timeout(30)
class HubRetryTest extends HubCase {
  private static final String CONTENT = "cdn GET .*";

  @Test
  void goesOnAfterCutConnections() throws IOException {
    server.next(CONTENT, LocalHub::cut).next(CONTENT, LocalHub::cut);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(3, ranges().size());
    assertEquals("", ranges().get(0));
    assertTrue(ranges().get(1).matches("bytes=[1-9]\\d*-"), ranges().get(1));
  }

  @Test
  void goesOnWithTheRestOfAnEarlierRun() throws IOException {
    rest(Arrays.copyOf(weights, 150_000));
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of("bytes=150000-"), ranges());
  }

  @Test
  void goesOnAfterAStall() throws IOException {
    server.next(CONTENT, LocalHub::stall);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(2, ranges().size());
    assertFalse(ranges().get(1).isEmpty());
  }

  @Test
  void asksAgainWhenADescriptionStalls() throws IOException {
    server.next("hub GET /api/.*", (exchange, content) -> LocalHub.stall(exchange, new byte[1000]));
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void startsOverWhenTheServerIgnoresTheRange() throws IOException {
    rest(Arrays.copyOf(weights, 150_000));
    server.next(CONTENT, LocalHub::whole);
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void startsOverWhenTheServerSendsAnotherRange() throws IOException {
    rest(Arrays.copyOf(weights, 150_000));
    server.next(CONTENT, LocalHub::wrongRange);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of("bytes=150000-", ""), ranges());
  }

  @Test
  void startsOverWhenTheServerHasNoSuchRange() throws IOException {
    rest(Arrays.copyOf(weights, 150_000));
    server.next(CONTENT, LocalHub.status(416));
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of("bytes=150000-", ""), ranges());
  }

  @Test
  void aRestWithWrongBytesCostsOneMoreDownload() throws IOException {
    rest(new byte[150_000]);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of("bytes=150000-", ""), ranges());
  }

  @Test
  void aRestLongerThanTheFileIsThrownAway() throws IOException {
    rest(new byte[weights.length + 1]);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of(""), ranges());
  }

  @Test
  void damagedContentIsAskedForOnceMore() throws IOException {
    server.next(CONTENT, LocalHub::flip);
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(List.of("", ""), ranges());
  }

  @Test
  void contentDamagedTwiceIsNamedAndRemoved() throws IOException {
    server.next(CONTENT, LocalHub::flip).next(CONTENT, LocalHub::flip);
    HubException e = fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("model.safetensors") && e.getMessage().contains("try again"), e.getMessage());
    assertFalse(names(storage().resolve("blobs")).stream().anyMatch(n -> n.startsWith(LocalHub.sha256(weights))));
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void aSmallFileIsCheckedByGitsHash() {
    for (int i = 0; i < 2; i++) {
      server.next("hub GET .*/config.json", LocalHub.text("{\"a\": 2}"));
    }
    HubException e = fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("config.json"), e.getMessage());
  }

  @Test
  void anEndlessAnswerIsCutOff() throws IOException {
    byte[] more = Arrays.copyOf(weights, 3 * weights.length);
    for (int i = 0; i < 2; i++) {
      server.next(CONTENT, (exchange, content) -> LocalHub.whole(exchange, more));
    }
    fails(Reason.DAMAGED, () -> hub().downloadModel(NAME));
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void triesAgainAfterServerErrorsAtEveryStep() throws IOException {
    server.next("hub GET /api/.*", LocalHub.status(500))
      .next("hub GET /api/.*", LocalHub.status(502))
      .next("hub GET .*/model.safetensors", LocalHub.status(504))
      .next(CONTENT, LocalHub.status(503))
      .next(CONTENT, LocalHub::cut)
      .next(CONTENT, LocalHub.status(500));
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void triesAgainAfterADroppedConnection() throws IOException {
    server.next("hub GET /api/.*", (exchange, content) -> {}) // closed without an answer
      .next(CONTENT, (exchange, content) -> {});
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void anAddressThatHasRunOutIsAskedForAnew() throws IOException {
    server.next(CONTENT, LocalHub.status(403));
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(2,
        server.requests.stream()
          .filter(r -> r.server().equals("hub") && r.method().equals("GET"))
          .filter(r -> r.path().endsWith("model.safetensors"))
          .count());
  }

  @Test
  void waitsAsLongAsABusyServerAsks() throws IOException {
    server.next("hub GET /api/.*", LocalHub.status(429, "Retry-After", "1"));
    long start = System.nanoTime();
    assertWeightsIn(hub().downloadModel(NAME));
    assertTrue(System.nanoTime() - start >= 1_000_000_000L);
  }

  @Test
  void doesNotWaitForHours() {
    server.next("hub GET /api/.*", LocalHub.status(429, "Retry-After", "7200"));
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("429") && e.getMessage().contains("7200 seconds"), e.getMessage());
  }

  @Test
  void givesUpAfterFiveAnswersWithoutBytes() {
    for (int i = 0; i < 5; i++) {
      server.next(CONTENT, LocalHub.status(503));
    }
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("model.safetensors") && e.getMessage().contains("503"), e.getMessage());
  }

  @Test
  void givesUpOnADescriptionAfterFiveFailures() {
    for (int i = 0; i < 5; i++) {
      server.next("hub GET /api/.*", LocalHub.status(500));
    }
    HubException e = fails(Reason.UNREACHABLE, () -> hub().downloadModel(NAME));
    assertTrue(e.getMessage().contains("status 500"), e.getMessage());
    assertEquals(5, server.requests.size());
  }

  @Test
  void anEmptyFileIsAFile() throws IOException {
    repository.file("empty.txt", "");
    Hub.Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of("empty.txt"));
    assertEquals(0, Files.size(snapshot.paths().get(0)));
  }

  @Test
  void severalFilesComeAtATime() throws Exception {
    byte[] other = Arrays.copyOf(weights, 5000);
    repository.file("other.safetensors", other);
    CyclicBarrier bothAreAsked = new CyclicBarrier(2);
    LocalHub.Fault together = (exchange, content) -> {
      try {
        bothAreAsked.await(10, TimeUnit.SECONDS);
      } catch (Exception e) {
        throw new IOException("downloads came one after the other", e);
      }
      LocalHub.whole(exchange, content);
    };
    server.next(CONTENT, together).next(CONTENT, together);
    Hub.Snapshot snapshot = hub().snapshot(model(NAME), d -> List.of("model.safetensors", "other.safetensors"));
    assertWeightsIn(snapshot.folder());
    assertArrayEquals(other, Files.readAllBytes(snapshot.paths().get(1)));
    assertFalse(bothAreAsked.isBroken());
  }

  @Test
  void anInterruptStopsTheDownloadAndKeepsWhatCame() throws Exception {
    CompletableFuture<Void> requested = new CompletableFuture<>();
    server.next(CONTENT, (exchange, content) -> {
      requested.complete(null);
      LocalHub.stall(exchange, content);
    });
    Hub unhurried = new Hub(server.settings(cache), SILENT, HubClient.RetryPolicy.NORMAL); // does not see the stall
    CompletableFuture<HubException> error = new CompletableFuture<>();
    CompletableFuture<Boolean> pending = new CompletableFuture<>();
    Thread reader = new Thread(() -> {
      try {
        unhurried.downloadModel(NAME);
      } catch (HubException e) {
        error.complete(e);
      }
      pending.complete(Thread.currentThread().isInterrupted());
    });
    reader.start();
    requested.get(10, TimeUnit.SECONDS);
    Path incomplete = storage().resolve("blobs/" + LocalHub.sha256(weights) + ".incomplete");
    while (!Files.exists(incomplete) || Files.size(incomplete) < weights.length / 2) {
      Thread.sleep(10);
    }
    reader.interrupt();
    assertEquals(Reason.INTERRUPTED, error.get(2, TimeUnit.SECONDS).reason());
    assertTrue(pending.get(2, TimeUnit.SECONDS));
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals("bytes=100000-", ranges().get(1));
  }

  private void rest(byte[] content) throws IOException {
    Path blobs = Files.createDirectories(storage().resolve("blobs"));
    Files.write(blobs.resolve(LocalHub.sha256(weights) + ".incomplete"), content);
  }
}
