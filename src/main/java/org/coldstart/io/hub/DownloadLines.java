package org.coldstart.io.hub;

import java.io.PrintStream;

/** Prints how a download goes, one line in a given time at most. */
final class DownloadLines implements DownloadProgress {
  private static final long WORTH_A_LINE = 1_000_000;

  private final PrintStream out;
  private final long intervalMillis;
  private long lastMillis;

  DownloadLines(PrintStream out, long intervalMillis) {
    this.out = out;
    this.intervalMillis = intervalMillis;
  }

  @Override
  public void report(DownloadState state) {
    long now = state.elapsed().toMillis();
    lastMillis = Math.min(lastMillis, now); // the clock of a new download starts at zero
    if (state.total() < WORTH_A_LINE || !state.done() && now - lastMillis < intervalMillis) {
      return;
    }
    lastMillis = now;
    out.println(state);
  }
}
