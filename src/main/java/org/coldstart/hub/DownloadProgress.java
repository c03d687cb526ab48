package org.coldstart.hub;

import java.io.PrintStream;

/** Told how a download goes. */
@FunctionalInterface
public interface DownloadProgress {
  /**
   * Some bytes have come.
   *
   * @param file the file's name in its repository
   * @param bytes bytes here so far, those of an earlier, interrupted attempt included
   * @param total bytes of the whole file, equal to {@code bytes} in the last call
   */
  void report(String file, long bytes, long total);

  /** One line for each finished file of more than a million bytes: quiet enough for a notebook. */
  static DownloadProgress lines(PrintStream out) {
    return (file, bytes, total) -> {
      if (bytes == total && total > 1_000_000) {
        out.printf("downloaded %s (%.1f MB)%n", file, total / 1e6);
      }
    };
  }
}
