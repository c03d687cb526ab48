package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingLog;
import org.coldstart.train.TrainingResult;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Shows a training run under its cell while it goes: a progress line and a chart of train and eval loss, redrawn at
 * most once a second.
 *
 * <pre>{@code
 * try (LiveTraining live = new LiveTraining(trainer.totalSteps())) {
 *   result = trainer.train(live);
 * }
 * }</pre>
 *
 * <p>
 * The line of a stopped run ends with what it can be resumed from. A resumed run begins with the chart as far as it was
 * logged.
 */
public final class LiveTraining implements TrainingListener, AutoCloseable {

  private static final long INTERVAL_MILLIS = 1000;

  private record Point(double step, double loss) {}

  private final Progress progress;
  private final LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);
  private final List<Point> train = new ArrayList<>();
  private final List<Point> eval = new ArrayList<>();
  private int step;
  private String details = "";

  /** A display for a run of so many steps; it appears with the first. */
  public LiveTraining(int totalSteps) {
    progress = new Progress("step", totalSteps);
  }

  @Override
  public void onResume(Step reached, TrainingLog log) {
    step = reached.step();
    progress.beginAt(step);
    for (TrainingLog.Entry entry : log.entries()) {
      if (!Double.isNaN(entry.loss())) {
        add(train, entry.step(), entry.loss());
      }
      onLog(entry);
    }
    draw();
  }

  @Override
  public void onStep(Step now) {
    step = now.step();
    add(train, step, now.loss());
    details = String.format(Locale.ROOT, "loss %.3f · %.0f tokens/s", now.loss(), now.tokensPerSecond());
    progress.update(step, details);
  }

  @Override
  public void onLog(TrainingLog.Entry entry) {
    if (!Double.isNaN(entry.evalLoss())) {
      add(eval, entry.step(), entry.evalLoss());
    }
  }

  /** A loss that is not finite leaves a gap. */
  private void add(List<Point> series, int atStep, double loss) {
    series.add(new Point(atStep, Double.isFinite(loss) ? loss : Double.NaN));
    display.offer(this::chart);
  }

  @Override
  public void onEnd(TrainingResult result) {
    if (result.interrupted()) {
      String reached = details.isEmpty() ? "" : details + " · ";
      String saved = result.lastCheckpoint().map(folder -> ", also from " + folder.getFileName()).orElse("");
      progress.update(step, reached + "trainer.resume() goes on" + saved);
    }
  }

  /** The chart as it is now; the points of the eval loss, which are few, are marked. */
  XYChart chart() {
    String title = eval.isEmpty() ? "Loss of the rows just seen" : "Loss of the rows just seen, and of held-out rows";
    XYChart chart = Charts.lines(title, "step", "loss per token");
    chart.getStyler().setMarkerSize(6);
    addSeries(chart, "train", train, train.size() == 1);
    addSeries(chart, "eval", eval, true);
    return chart;
  }

  private static void addSeries(XYChart chart, String name, List<Point> points, boolean marked) {
    if (!points.isEmpty()) {
      chart.addSeries(name, points.stream().map(Point::step).toList(), points.stream().map(Point::loss).toList())
        .setMarker(marked ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
    }
  }

  private void draw() {
    if (!train.isEmpty() || !eval.isEmpty()) {
      display.show(this::chart);
    }
  }

  /** Draws the last state. */
  @Override
  public void close() {
    progress.close();
    draw();
  }
}
