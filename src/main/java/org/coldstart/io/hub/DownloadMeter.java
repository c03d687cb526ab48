package org.coldstart.io.hub;

import java.time.Duration;
import java.util.Collection;
import org.coldstart.io.hub.HubClient.FileMetadata;

/** Adds up what the parallel downloads of one repository's files bring, and reports the sum. */
final class DownloadMeter {
  private final DownloadProgress progress;
  private final String source;
  private final int files;
  private final long total;
  private final long startNanos = System.nanoTime();
  private long bytes;
  private long received;

  DownloadMeter(DownloadProgress progress, String source, Collection<FileMetadata> files) {
    this.progress = progress;
    this.source = source;
    this.files = files.size();
    this.total = files.stream().mapToLong(FileMetadata::size).sum();
  }

  /** These bytes need no transfer; fewer than zero: what was here is thrown away. */
  synchronized void found(long count) {
    bytes += count;
  }

  /** Bytes have come. */
  synchronized void received(int count) {
    bytes += count;
    received += count;
    report(false);
  }

  /** All files are here. */
  synchronized void done() {
    report(true);
  }

  private void report(boolean done) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    progress.report(new DownloadProgress.State(source, files, done ? total : Math.min(bytes, total), total,
        Duration.ofMillis((long) (seconds * 1000)), seconds > 0 ? received / seconds : 0, done));
  }
}
