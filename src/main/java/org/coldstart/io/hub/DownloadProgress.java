package org.coldstart.io.hub;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/** Is notified of a download's progress. */
@FunctionalInterface
public interface DownloadProgress {
  /**
   * Some bytes have come, or all have. Calls come from several threads, but never two at a time, and often: show what
   * you need.
   */
  void report(State state);

  /** A line every five seconds and one at the end, none for less than a million bytes: quiet enough for a notebook. */
  static DownloadProgress lines(PrintStream out) {
    AtomicLong last = new AtomicLong();
    return state -> {
      long now = state.elapsed().toMillis();
      last.accumulateAndGet(now, Math::min); // the clock of a new download starts at zero
      if (state.total() >= 1_000_000 && (state.done() || now - last.get() >= 5_000)) {
        last.set(now);
        out.println(state);
      }
    };
  }

  /**
   * How far a download is.
   *
   * @param source what is downloaded: {@code owner/name}
   * @param files number of files that are downloaded
   * @param bytes bytes here so far, those of an earlier, interrupted download included
   * @param total bytes of all files, as far as the hub announced them
   * @param elapsed time since the start
   * @param bytesPerSecond what came since the start, per second
   * @param done true in the last report of a download that brought everything
   */
  record State(String source, int files, long bytes, long total, Duration elapsed, double bytesPerSecond,
      boolean done) {

    /** One line: {@code owner/name: 120.0 of 988.1 MB · 12.3 MB/s · 1 min 10 s left}. */
    @Override
    public String toString() {
      if (done) {
        return "%s: downloaded %d %s (%s MB) in %s".formatted(source, files, files == 1 ? "file" : "files", mega(total),
            text(elapsed.toMillis() / 1000.0));
      }
      String left = bytesPerSecond > 0 ? " · " + text((total - bytes) / bytesPerSecond) + " left" : "";
      return "%s: %s of %s MB · %s MB/s%s".formatted(source, mega(bytes), mega(total), mega(bytesPerSecond), left);
    }

    private static String mega(double bytes) {
      return String.format(Locale.ROOT, "%.1f", bytes / 1e6);
    }

    private static String text(double time) {
      long seconds = Math.max(1, Math.round(time));
      return seconds < 60 ? seconds + " s"
          : seconds < 3600 ? seconds / 60 + " min " + seconds % 60 + " s"
              : seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }
  }
}
