package org.coldstart.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Closes a stream on which nothing has come for a while; java.net.http has no time limit for
 * reading a body.
 */
final class StallGuard implements AutoCloseable {
  private final Thread thread;
  private volatile long last = System.nanoTime();

  StallGuard(InputStream stream, Duration patience) {
    thread = new Thread(() -> watch(stream, patience), "download-stall-guard");
    thread.setDaemon(true);
    thread.start();
  }

  /** Some bytes have come. */
  void progress() {
    last = System.nanoTime();
  }

  private void watch(InputStream stream, Duration patience) {
    try {
      for (long left = patience.toNanos();
          left > 0;
          left = last + patience.toNanos() - System.nanoTime()) {
        Thread.sleep(left / 1_000_000 + 1);
      }
      stream.close();
    } catch (InterruptedException | IOException e) {
      // the download has ended: nothing is left to watch
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
