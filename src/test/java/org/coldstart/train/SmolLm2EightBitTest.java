package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.data.DataSet;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleSet;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.fixture.Arrays32;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/**
 * Fifty steps of the default model in f32 and in 8-bit state, with the same rows: the loss curves stay within 1 %. Ten
 * minutes, so it runs only where COLDSTART_LONG is set beside COLDSTART_GGUF.
 */
class SmolLm2EightBitTest {

  private static final int STEPS = 50;

  @Test
  void theCurveStaysWithF32OverFiftyRealSteps() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null, "COLDSTART_GGUF names no SmolLM2-135M-Instruct.Q4_1.gguf");
    assumeTrue(System.getenv("COLDSTART_LONG") != null, "COLDSTART_LONG is not set");
    List<Double> full = smoothed(losses(Path.of(gguf), OptimizerName.ADAMW));
    List<Double> small = smoothed(losses(Path.of(gguf), OptimizerName.ADAMW_8BIT));
    System.out.println("f32   " + full + "\n8-bit " + small);
    assertTrue(full.get(full.size() - 1) < 0.5 * full.get(0), "it learns");
    for (int i = 0; i < full.size(); i++) {
      Arrays32.assertRelative(full.get(i), small.get(i), 0.01, "steps " + i + " to " + (i + 10));
    }
  }

  private static List<Double> losses(Path gguf, OptimizerName optimizer) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(gguf); CausalLm model = CausalLm.fromPretrained(gguf)) {
      DataSet rows = DataSet.load("data/reasoning", "train").select(0, 2 * STEPS);
      ExampleSet examples = new ExampleBuilder(tokenizer).build(rows, ThinkAnswer::promptCompletion, 1024);
      SftConfig config = SftConfig.builder()
        .learningRate(1e-4)
        .warmupRatio(0.1)
        .perDeviceTrainBatchSize(2)
        .maxSteps(STEPS)
        .loggingSteps(1)
        .precision(Precision.fastest())
        .optim(optimizer)
        .build();
      TrainingResult result = new SftTrainer(model, tokenizer, config, examples.examples(), List.of()).train();
      System.out.println(optimizer + ": " + result);
      return result.log().entries().stream().map(TrainingLog.Entry::loss).toList();
    }
  }

  /** Means over ten steps: two rows a step make a ragged curve. */
  private static List<Double> smoothed(List<Double> losses) {
    List<Double> means = new ArrayList<>();
    for (int from = 0; from + 10 <= losses.size(); from++) {
      means.add(losses.subList(from, from + 10).stream().mapToDouble(x -> x).average().getAsDouble());
    }
    return means;
  }
}
