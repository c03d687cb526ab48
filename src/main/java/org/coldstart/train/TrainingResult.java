package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import java.nio.file.Path;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.Adapter;
import org.coldstart.model.CausalLm;
import org.coldstart.model.TrainableParameters;

/**
 * What a run came to; of a resumed run, all of it.
 *
 * @param steps optimizer steps taken
 * @param rows rows trained on, repeats counted
 * @param tokens tokens trained on, padding left out
 * @param seconds wall-clock time, evaluation and saving included
 * @param tokensPerSecond tokens a second of training, evaluation and saving left out
 * @param trainLoss mean loss over all kept tokens of the run
 * @param evalLoss of the weights the model now holds; NaN if these were not evaluated, as after an interrupt between
 * two evaluations
 * @param peakMemory most bytes resident in the process so far; empty where the system does not report it
 * @param interrupted whether the run was stopped before its end; the model holds what was reached, and the trainer's
 * {@code resume()} goes on from there
 * @param stoppedEarly whether the eval loss had not become better for too long
 * @param trained what was trained, in words: all weights, some, rows of tokens, or LoRA
 * @param lastCheckpoint the newest checkpoint of the run
 * @param bestCheckpoint the one with the lowest eval loss, if that was saved
 * @param log the rows logged
 */
public record TrainingResult(int steps, long rows, long tokens, double seconds, double tokensPerSecond,
    double trainLoss, double evalLoss, OptionalLong peakMemory, boolean interrupted, boolean stoppedEarly,
    String trained, Optional<Path> lastCheckpoint, Optional<Path> bestCheckpoint, TrainingLog log) {

  /** What training changes of a model, in words. */
  static String trained(CausalLm model) {
    if (model.adapter().map(Adapter::config).orElse(null) instanceof LoraConfig lora) {
      String regex = lora.targetModules().regex();
      String targets = regex == null ? String.join(", ", lora.targetModules().names()) : regex;
      int rows = lora.trainableTokenIndices().values().stream().mapToInt(List::size).max().orElse(0);
      return "LoRA (r = %d, alpha = %s, on %s)".formatted(lora.r(), lora.loraAlpha(), targets)
          + (rows == 0 ? "" : " and the embedding rows of " + rows + " tokens");
    }
    Map<String, NDArray> trained = model.trainableParameters();
    if (!model.parameters().keySet().containsAll(trained.keySet())) {
      long rows = trained.values().iterator().next().getShape().get(0);
      return "the embedding rows of " + rows + " tokens";
    }
    TrainableParameters.Count count = model.trainableCount();
    return count.trainable() == count.all() ? "all weights"
        : String.format(Locale.ROOT, "%,d of %,d weights", count.trainable(), count.all());
  }

  @Override
  public String toString() {
    String how = interrupted ? "Interrupted after" : stoppedEarly ? "Stopped early after" : "Trained";
    Formatter text = new Formatter(Locale.ROOT);
    text.format("%s %d steps, %d rows, %,d tokens in ", how, steps, rows, tokens);
    text.format("%.0f s (%.0f tokens/s); train loss %.4f", seconds, tokensPerSecond, trainLoss);
    if (!Double.isNaN(evalLoss)) {
      text.format(", eval loss %.4f", evalLoss);
    }
    peakMemory.ifPresent(bytes -> text.format("; peak memory %.2f GiB", bytes / 0x1p30));
    if (interrupted) {
      Optional<String> saved = lastCheckpoint.map(folder -> "saved in " + folder);
      text.format("; %s", saved.orElse("resume() goes on"));
    }
    return text.toString();
  }
}
