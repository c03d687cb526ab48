package org.coldstart.notebook;

import java.util.Locale;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingLog;

/**
 * Shows a training run under its cell while it goes: a progress line and a chart of train and eval
 * loss.
 *
 * <pre>{@code
 * try (LiveTraining live = new LiveTraining(trainer.totalSteps())) {
 *   result = trainer.train(live);
 * }
 * }</pre>
 */
public final class LiveTraining implements TrainingListener, AutoCloseable {

  private final Progress progress;
  private final LiveChart chart = new LiveChart("Loss", "step", "loss per token");

  /** A display for a run of so many steps; it appears with the first. */
  public LiveTraining(int totalSteps) {
    progress = new Progress("step", totalSteps);
  }

  @Override
  public void onStep(TrainingListener.Step now) {
    chart.add("train", now.step(), now.loss());
    progress.update(
        now.step(),
        String.format(Locale.ROOT, "loss %.3f · %.0f tokens/s", now.loss(), now.tokensPerSecond()));
  }

  @Override
  public void onLog(TrainingLog.Entry entry) {
    if (!Double.isNaN(entry.evalLoss())) {
      chart.add("eval", entry.step(), entry.evalLoss());
    }
  }

  /** Draws the last state. */
  @Override
  public void close() {
    progress.close();
    chart.close();
  }
}
