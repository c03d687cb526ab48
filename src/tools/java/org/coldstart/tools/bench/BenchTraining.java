package org.coldstart.tools.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.Losses;
import org.coldstart.train.OptimizerName;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingResult;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** One epoch of full fine-tuning. */
@Command(name = "training", description = "Fine-tunes all weights for one epoch.")
final class BenchTraining implements Callable<Integer> {

  @Option(names = "--model", required = true)
  private Path model;

  @Option(names = "--train", required = true, description = "rows of prompt and completion, or ids")
  private Path train;

  @Option(names = "--eval", description = "held-out rows, of the same form")
  private Path eval;

  @Option(names = "--batch", defaultValue = "4", description = "rows in one forward pass")
  private int batch;

  @Option(names = "--accumulation", defaultValue = "8", description = "passes to one step")
  private int accumulation;

  @Option(names = "--learning-rate", defaultValue = "1e-4")
  private double learningRate;

  @Option(names = "--max-length", defaultValue = "1024")
  private int maxLength;

  @Option(names = "--precision", defaultValue = "F32", description = "${COMPLETION-CANDIDATES}")
  private Precision precision;

  @Option(names = "--optim", defaultValue = "ADAMW", description = "${COMPLETION-CANDIDATES}")
  private OptimizerName optim;

  @Option(names = "--gradient-checkpointing")
  private boolean gradientCheckpointing;

  @Option(names = "--seed", defaultValue = "0")
  private long seed;

  @Option(names = "--out", required = true)
  private Path out;

  /** When the last step ended, and the first: seconds since the process was started. */
  private double lastStep;

  private double firstStep = Double.NaN;

  @Override
  public Integer call() {
    try (CausalLm lm = CausalLm.fromPretrained(model); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      List<Example> rows = examples(tokenizer, train);
      TrainingResult result = new SftTrainer(lm, tokenizer, config(), rows, List.of()).train(clock());
      double seconds = result.tokens() / result.tokensPerSecond();
      Figures figures = new Figures().putPeak()
        .put("steps", result.steps())
        .put("rows", result.rows())
        .put("tokens", result.tokens())
        .put("kept_tokens", rows.stream().mapToLong(Example::keptTokens).sum())
        .put("training_seconds", seconds)
        .put("tokens_per_second", result.tokensPerSecond())
        .put("seconds_to_first_step", lastStep - seconds)
        .put("seconds_to_first_step_done", firstStep);
      if (eval != null) {
        List<Example> heldOut = examples(tokenizer, eval);
        figures.put("eval_loss", Losses.mean(lm, heldOut, batch, Precision.F32))
          .put("eval_kept_tokens", heldOut.stream().mapToLong(Example::keptTokens).sum());
      }
      figures.write(out);
    }
    return 0;
  }

  private SftConfig config() {
    return SftConfig.builder()
      .gradientCheckpointing(gradientCheckpointing)
      .learningRate(learningRate)
      .numTrainEpochs(1)
      .perDeviceTrainBatchSize(batch)
      .gradientAccumulationSteps(accumulation)
      .maxLength(maxLength)
      .optim(optim)
      .precision(precision)
      .groupByLength(true)
      .loggingSteps(1)
      .seed(seed)
      .build();
  }

  private TrainingListener clock() {
    return new TrainingListener() {
      @Override
      public void onStep(Step step) {
        lastStep = Figures.secondsSinceStart();
        firstStep = step.step() == 1 ? lastStep : firstStep;
        System.out.printf("step %d of %d, loss %.4f%n", step.step(), step.totalSteps(), step.loss());
      }
    };
  }

  /** Rows through the chat template; rows of {@code input_ids} as they are, loss on every token. */
  private List<Example> examples(Tokenizer tokenizer, Path file) {
    DataSet rows = DataSet.load(file.toString());
    if (!rows.columns().contains("input_ids")) {
      return new ExampleBuilder(tokenizer).build(rows, maxLength).examples();
    }
    return IntStream.range(0, rows.size()).mapToObj(i -> ofIds(rows.get(i))).toList();
  }

  private static Example ofIds(DataRow row) {
    int[] ids = ((List<?>) row.value("input_ids")).stream().mapToInt(id -> ((Long) id).intValue()).toArray();
    boolean[] mask = new boolean[ids.length];
    java.util.Arrays.fill(mask, true);
    return new Example(ids, mask);
  }
}
