package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Full disks, folders that may not be written, several processes, processes that are killed. */
@Timeout(180)
class HubCacheTest extends HubCase {
  @Test
  void saysHowMuchSpaceIsMissing() {
    server.next("hub GET /api/.*", LocalHub.text("""
        {"sha": "%040d", "siblings": [{"rfilename": "README.md", "size": 8000000000000000, "blobId": "%040d"}]}"""
      .formatted(1, 2)));
    HubException e = fails(Reason.STORAGE, () -> hub().snapshot(model(NAME), d -> List.of("README.md")));
    assertTrue(e.getMessage().contains("README.md needs 8000000000 MB") && e.getMessage().contains("HF_HOME"),
        e.getMessage());
  }

  @Test
  void aDiskThatIsFullLeavesNothingThatLoads() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "ulimit needs bash");
    Process reader = reader("ulimit -f 100; "); // files of at most 100 KB
    String output = new String(reader.getInputStream().readAllBytes());
    assertEquals(1, reader.waitFor(), output);
    assertTrue(output.contains("Cannot read or write") && output.contains("free space"), output);
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
    assertWeightsIn(hub().downloadModel(NAME));
  }

  @Test
  void aBlobIsNeverLostWhenTwoLinkItAtOnce() throws Exception {
    HubCache files = new HubCache(server.settings(cache), model(NAME));
    Path blob = Files.createDirectories(files.blob("x").getParent()).resolve("x");
    Files.writeString(blob, "content");
    ExecutorService threads = Executors.newFixedThreadPool(2);
    for (int i = 0; i < 300; i++) {
      Path pointer = files.pointer(files.snapshot("c" + i), "file");
      CyclicBarrier both = new CyclicBarrier(2);
      Callable<Integer> link = () -> {
        both.await();
        files.link(blob, pointer, true);
        return 0;
      };
      for (Future<Integer> done : threads.invokeAll(List.of(link, link))) {
        done.get();
      }
      assertEquals("content", Files.readString(pointer));
    }
    threads.shutdown();
    assertEquals("content", Files.readString(blob));
  }

  @Test
  void namesTheFolderThatCannotBeWritten() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "x");
    HubSettings settings = new HubSettings(server.endpoint(), file, Optional.empty(), false, true);
    HubException e = fails(Reason.STORAGE, () -> new Hub(settings, SILENT, BRIEF).downloadModel(NAME));
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
  }

  @Test
  void aCompleteCacheMayBeReadOnly() throws IOException {
    Path folder = hub().downloadModel(NAME);
    Files.delete(storage().resolve(".coldstart/" + repository.commit + ".json"));
    Files.delete(storage().resolve(".coldstart"));
    assertTrue(storage().toFile().setWritable(false));
    try {
      assumeFalse(Files.isWritable(storage()), "this user may write everywhere");
      assertEquals(folder, hub().downloadModel(NAME));
      assertEquals(folder, offline().downloadModel(NAME));
    } finally {
      assertTrue(storage().toFile().setWritable(true));
    }
  }

  @Test
  void aNoteThatCannotBeWrittenDoesNotMatter() throws IOException {
    Files.createDirectories(storage());
    Files.writeString(storage().resolve(".coldstart"), "in the way");
    assertWeightsIn(hub().downloadModel(NAME));
    assertWeightsIn(offline().downloadModel(NAME));
  }

  @Test
  void offlinePythonsListingTellsWhatIsMissing() throws IOException {
    Path folder = hub().downloadModel(NAME);
    Files.delete(storage().resolve(".coldstart/" + repository.commit + ".json"));
    assertEquals(folder, offline().downloadModel(NAME));
    Files.createDirectories(storage().resolve("trees"));
    Files.writeString(storage().resolve("trees/" + repository.commit + ".json"),
        new Gson().toJson(java.util.Map.of("format_version", 1, "files",
            java.util.Map.of("config.json", java.util.Map.of("size", 8, "blob_id", "x"), "model.safetensors",
                java.util.Map.of("size", 8, "blob_id", "x"), "tokenizer.json",
                java.util.Map.of("size", 8, "blob_id", "x")))));
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
  }

  @Test
  void processesThatWantTheSameFileDownloadItOnce() throws Exception {
    server.next("cdn GET .*", (exchange, content) -> {
      waitForReaders(3);
      slowly(exchange, content); // time for the others to ask, if nothing held them back
    });
    List<Process> readers = List.of(reader(""), reader(""), reader(""));
    for (Process reader : readers) {
      String output = new String(reader.getInputStream().readAllBytes());
      assertEquals(0, reader.waitFor(), output);
    }
    assertWeightsIn(offline().downloadModel(NAME));
    assertEquals(1, ranges().size(), ranges().toString());
  }

  @Test
  void aKilledDownloadNeverLeavesWhatLoadsWrongly() throws Exception {
    List<String> ends = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      server.next("cdn GET .*", HubCacheTest::slowly);
      int before = server.requests.size();
      Process reader = reader("");
      while (server.requests.size() == before && reader.isAlive()) {
        Thread.sleep(5);
      }
      Thread.sleep(40L * i);
      reader.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      ends.add(whatIsThere());
    }
    assertTrue(ends.contains("nothing"), ends.toString());
    assertWeightsIn(hub().downloadModel(NAME));
    assertWeightsIn(offline().downloadModel(NAME));
  }

  private void waitForReaders(int count) throws IOException {
    for (int i = 0; i < 600 && readers() < count; i++) {
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  private long readers() {
    return server.requests.stream().filter(r -> r.path().startsWith("/api/")).count();
  }

  private String whatIsThere() throws IOException {
    try {
      assertWeightsIn(offline().downloadModel(NAME));
      return "all";
    } catch (HubException e) {
      assertEquals(Reason.OFFLINE, e.reason());
      Path blob = storage().resolve("blobs").resolve(LocalHub.sha256(weights));
      assertFalse(Files.exists(blob) && Files.size(blob) != weights.length);
      return "nothing";
    }
  }

  /** Twenty parts in half a second. */
  private static void slowly(com.sun.net.httpserver.HttpExchange exchange, byte[] content) throws IOException {
    String range = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range")).orElse("");
    int from = range.isEmpty() ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    if (from > 0) {
      exchange.getResponseHeaders()
        .add("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
    for (int at = from; at < content.length; at += 10_000) {
      byte[] part = Arrays.copyOfRange(content, at, Math.min(at + 10_000, content.length));
      exchange.getResponseBody().write(part);
      exchange.getResponseBody().flush();
      try {
        Thread.sleep(25);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Another process that downloads the model into the same cache. */
  private Process reader(String before) throws Exception {
    List<String> classPath = new ArrayList<>();
    for (Class<?> needed : List.of(Hub.class, HubCacheTest.class, Gson.class)) {
      classPath.add(Path.of(needed.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    List<String> java = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m",
        "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-cp",
        String.join(System.getProperty("path.separator"), classPath), Reader.class.getName(),
        server.endpoint().toString(), cache.toString());
    List<String> command = before.isEmpty() ? java
        : List.of("/bin/bash", "-c", before + "exec '" + String.join("' '", java) + "'");
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** What the other process does. */
  static final class Reader {
    private Reader() {}

    public static void main(String[] arguments) {
      HubSettings settings = new HubSettings(URI.create(arguments[0]), Path.of(arguments[1]), Optional.empty(), false,
          true);
      new Hub(settings, SILENT).downloadModel(NAME);
    }
  }
}
