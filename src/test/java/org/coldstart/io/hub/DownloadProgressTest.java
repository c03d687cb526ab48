package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DownloadProgressTest extends HubCase {
  private final List<DownloadProgress.State> states = new ArrayList<>();

  @Test
  void countsTheBytesOfAllFilesUpToTheTotal() {
    new Hub(server.settings(cache), states::add, BRIEF).downloadModel(NAME);
    long total = weights.length + "{\"a\": 1}".length();
    assertTrue(states.size() > 2, states.toString());
    assertTrue(states.stream().allMatch(s -> s.total() == total && s.files() == 2));
    List<Long> bytes = states.stream().map(DownloadProgress.State::bytes).toList();
    assertEquals(bytes.stream().sorted().toList(), bytes);
    assertEquals(total, bytes.get(bytes.size() - 1));
    assertEquals(1, states.stream().filter(DownloadProgress.State::done).count());
    states.clear();
    new Hub(server.settings(cache), states::add, BRIEF).downloadModel(NAME);
    assertEquals(List.of(), states, "nothing to download, nothing to report");
  }

  @Test
  void bytesOfAnEarlierRunCountButAreNotFast() throws IOException {
    Path blobs = Files.createDirectories(storage().resolve("blobs"));
    Files.write(blobs.resolve(LocalHub.sha256(weights) + ".incomplete"), Arrays.copyOf(weights, 190_000));
    new Hub(server.settings(cache), states::add, BRIEF).snapshot(model(NAME), d -> List.of("model.safetensors"));
    assertTrue(states.get(0).bytes() > 190_000, states.toString());
    DownloadProgress.State last = states.get(states.size() - 1);
    assertEquals(weights.length, last.bytes());
    assertTrue(last.bytesPerSecond() * last.elapsed().toNanos() / 1e9 <= 10_000);
  }

  @Test
  void bytesThrownAwayDoNotCount() {
    server.next("cdn GET .*", LocalHub::flip);
    new Hub(server.settings(cache), states::add, BRIEF).snapshot(model(NAME), d -> List.of("model.safetensors"));
    assertTrue(states.stream().allMatch(s -> s.bytes() <= weights.length));
    assertEquals(weights.length, states.get(states.size() - 1).bytes());
  }

  @Test
  void tellsBytesSpeedAndTimeLeft() {
    DownloadProgress.State state = new DownloadProgress.State("owner/tiny", 3, 120_000_000, 988_100_000,
        Duration.ofSeconds(10), 12.3e6, false);
    assertEquals("owner/tiny: 120.0 of 988.1 MB · 12.3 MB/s · 1 min 11 s left", state.toString());
    assertEquals("a/b: 0.0 of 1.0 MB · 0.0 MB/s",
        new DownloadProgress.State("a/b", 1, 0, 1_000_000, Duration.ZERO, 0, false).toString());
    assertEquals("owner/tiny: downloaded 1 file (2.0 MB) in 1 h 2 min",
        new DownloadProgress.State("owner/tiny", 1, 2_000_000, 2_000_000, Duration.ofMinutes(62), 1, true).toString());
  }

  @Test
  void printsFewLinesAndNoneForSmallFiles() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    DownloadProgress lines = DownloadProgress.lines(new PrintStream(out, true, StandardCharsets.UTF_8));
    lines.report(new DownloadProgress.State("a/small", 1, 900, 900, Duration.ofSeconds(9), 100, true));
    for (int tenths = 1; tenths <= 119; tenths++) {
      lines.report(state(tenths, false));
    }
    lines.report(state(120, true));
    lines.report(state(1, false)); // another download begins
    List<String> printed = out.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(3, printed.size(), printed.toString());
    assertTrue(printed.get(0).contains("s left") && printed.get(1).contains("s left"));
    assertTrue(printed.get(2).contains("downloaded"));
  }

  private static DownloadProgress.State state(int tenths, boolean done) {
    return new DownloadProgress.State("a/large", 1, tenths * 1_000_000L, 120_000_000, Duration.ofMillis(tenths * 100L),
        10e6, done);
  }
}
