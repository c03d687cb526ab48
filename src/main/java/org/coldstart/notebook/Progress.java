package org.coldstart.notebook;

import java.time.Duration;
import org.coldstart.io.hub.DownloadProgress;

/**
 * A line under a cell with the progress of a long computation, its speed, and the time left: "step 12/48 · loss 1.234 ·
 * 350 tok/s · 1 min 20 s left".
 *
 * <pre>{@code
 * try (Progress progress = new Progress("step", 48)) {
 *   progress.update(12, "loss 1.234 · 350 tok/s");
 * }
 * }</pre>
 *
 * <p>
 * Call it as often as you like: it updates at most four times a second. Without a kernel it prints a line every ten
 * seconds.
 */
public final class Progress implements AutoCloseable {

  private static final long NOTEBOOK_MILLIS = 250;
  private static final long CONSOLE_MILLIS = 10_000;
  private static final String LINE = "font-size:13px;font-variant-numeric:tabular-nums;"
      + "color:var(--jp-content-font-color1,inherit)";
  private static final String BAR = "display:inline-block;width:160px;height:8px;border-radius:4px;margin-right:10px;"
      + "background:linear-gradient(to right,#3b8fe0 ";

  private final String unit;
  private final long total;
  private final long startNanos = System.nanoTime();
  private final LiveDisplay display;
  private long begunAt;
  private long done;
  private String details = "";
  private boolean closed;

  /**
   * Starts the clock.
   *
   * @param unit what is counted: "step", "prompt"
   * @param total how many there will be
   */
  public Progress(String unit, long total) {
    this.unit = unit;
    this.total = total;
    this.display = new LiveDisplay(Kernel.running().isPresent() ? NOTEBOOK_MILLIS : CONSOLE_MILLIS);
  }

  /** So many of the total were done before the clock started. */
  public void beginAt(long done) {
    this.begunAt = done;
    this.done = done;
  }

  /** So many of the total are done. */
  public void update(long done) {
    update(done, "");
  }

  /** So many of the total are done; details such as the loss follow the count. */
  public void update(long done, String details) {
    this.done = done;
    this.details = details;
    if (display.offer(this::line) && !display.hasKernel()) {
      System.out.println(text());
    }
  }

  /** Shows the last state and the whole time; one that is not the end is called stopped. */
  @Override
  public void close() {
    closed = true;
    display.show(this::line);
    if (!display.hasKernel()) {
      System.out.println(text());
    }
  }

  String text() {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    String between = details.isEmpty() ? " · " : " · " + details + " · ";
    return unit + " " + done + "/" + total + between + time(seconds);
  }

  private String time(double seconds) {
    if (done >= total) {
      return "took " + NumberText.duration(seconds);
    }
    if (closed) {
      return "stopped after " + NumberText.duration(seconds);
    }
    return done == begunAt ? NumberText.duration(seconds)
        : NumberText.duration(seconds / (done - begunAt) * (total - done)) + " left";
  }

  private Rich line() {
    return bar(total == 0 ? 100 : 100.0 * Math.min(done, total) / total, text());
  }

  /** A bar filled so far, and the text behind it. */
  static Rich bar(double percent, String text) {
    String bar = BAR + NumberText.brief(percent) + "%,rgba(128,136,146,.25) 0)";
    return Rich.html(Rich.element("div", LINE, Rich.element("span", bar, "") + Rich.escape(text)), text);
  }

  /** Shows each download as one bar under the cell, with bytes, speed and time left. */
  static final class DownloadBar implements DownloadProgress {

    private LiveDisplay display = new LiveDisplay(NOTEBOOK_MILLIS);
    private Duration last = Duration.ZERO;

    @Override
    public void report(State state) {
      if (state.elapsed().compareTo(last) < 0) { // the download before this one failed
        display = new LiveDisplay(NOTEBOOK_MILLIS);
      }
      last = state.elapsed();
      if (state.done()) {
        display.show(() -> line(state));
        display = new LiveDisplay(NOTEBOOK_MILLIS);
        last = Duration.ZERO;
      } else {
        display.offer(() -> line(state));
      }
    }

    static Rich line(State state) {
      return bar(state.total() == 0 ? 100 : 100.0 * state.bytes() / state.total(), state.toString());
    }
  }
}
