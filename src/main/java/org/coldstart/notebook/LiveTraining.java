package org.coldstart.notebook;

import java.util.Locale;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingLog;
import org.coldstart.train.TrainingResult;
import org.knowm.xchart.XYChart;

/**
 * Shows a training run under its cell while it goes: a progress line and a chart of train and eval loss.
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

  private final Progress progress;
  private final LiveChart chart = new LiveChart("Loss", "step", "loss per token", "train", "eval");
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
        chart.add("train", entry.step(), entry.loss());
      }
      onLog(entry);
    }
    chart.draw();
  }

  @Override
  public void onStep(Step now) {
    step = now.step();
    chart.add("train", step, now.loss());
    details = String.format(Locale.ROOT, "loss %.3f · %.0f tokens/s", now.loss(), now.tokensPerSecond());
    progress.update(step, details);
  }

  @Override
  public void onLog(TrainingLog.Entry entry) {
    if (!Double.isNaN(entry.evalLoss())) {
      chart.add("eval", entry.step(), entry.evalLoss());
    }
  }

  @Override
  public void onEnd(TrainingResult result) {
    if (result.interrupted()) {
      String reached = details.isEmpty() ? "" : details + " · ";
      String saved = result.lastCheckpoint().map(folder -> ", also from " + folder.getFileName()).orElse("");
      progress.update(step, reached + "trainer.resume() goes on" + saved);
    }
  }

  /** The chart as it is now. */
  XYChart chart() {
    return chart.chart();
  }

  /** Draws the last state. */
  @Override
  public void close() {
    progress.close();
    chart.draw();
  }
}
