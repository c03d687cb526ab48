package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.coldstart.io.hub.DownloadProgress;
import org.junit.jupiter.api.Test;

class DownloadBarTest {

  @Test
  void showsHowFarTheDownloadIs() {
    DownloadProgress.State half = new DownloadProgress.State("o/n", 2, 5_000_000, 10_000_000, Duration.ofSeconds(5),
        1e6, false);
    String html = Progress.DownloadBar.line(half).content();
    assertTrue(html.contains("#3b8fe0 50"), html);
    assertTrue(html.contains("o/n: 5.0 of 10.0 MB · 1.0 MB/s · 5 s left"), html);
  }
}
