package org.coldstart.notebook;

import java.time.Duration;
import org.coldstart.io.hub.DownloadProgress;

/** Shows a download as one bar under the cell, with bytes, speed and time left. */
final class DownloadBar implements DownloadProgress {
  private static final long INTERVAL_MILLIS = 250;

  private LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);
  private Duration last = Duration.ZERO;

  @Override
  public void report(State state) {
    if (state.elapsed().compareTo(last) < 0) { // the download before this one failed
      display = new LiveDisplay(INTERVAL_MILLIS);
    }
    last = state.elapsed();
    if (state.done()) {
      display.show(() -> line(state));
      display = new LiveDisplay(INTERVAL_MILLIS);
      last = Duration.ZERO;
    } else {
      display.offer(() -> line(state));
    }
  }

  static Rich line(State state) {
    double percent = state.total() == 0 ? 100 : 100.0 * state.bytes() / state.total();
    return Progress.bar(percent, state.toString());
  }
}
