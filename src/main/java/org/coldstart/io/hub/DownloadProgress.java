package org.coldstart.io.hub;

import java.io.PrintStream;

/** Told how a download goes. */
@FunctionalInterface
public interface DownloadProgress {
  /**
   * Some bytes have come, or all have. Calls come from several threads, but never two at a time,
   * and often: show what you need.
   */
  void report(DownloadState state);

  /**
   * A line every few seconds and one at the end, none for less than a million bytes: quiet enough
   * for a notebook.
   */
  static DownloadProgress lines(PrintStream out) {
    return new DownloadLines(out, 5_000);
  }
}
