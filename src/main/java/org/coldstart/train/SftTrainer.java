package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.checkpoint.DType;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Pretrained;
import org.coldstart.model.TrainingPass;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Supervised fine-tuning: shows the model examples and moves all its weights towards the kept
 * tokens.
 *
 * <pre>{@code
 * TrainingResult result = new SftTrainer(model, tokenizer, config, train, test).train();
 * result.log().toTable();
 * }</pre>
 *
 * <p>One optimizer step sees {@code gradientAccumulationSteps} batches. Its loss is the sum over
 * the kept tokens of all of them divided by their number, so that four batches of one row and one
 * batch of four rows are the same step. Interrupting the thread ends the run after the batch at
 * hand; the model then holds what was reached, and the result says so. A notebook's cell counts as
 * stopped before that batch is through, so what trains, writes with, saves or closes the model next
 * waits for the run's end.
 */
public final class SftTrainer {

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final SftConfig config;
  private final List<Example> train;
  private final List<Example> eval;

  /**
   * A trainer.
   *
   * @param train rows to learn from, none longer than {@code maxLength}, each with a kept token
   * @param eval rows the loss is watched on; may be empty
   * @throws IllegalArgumentException if a row carries no loss or is too long (naming it), or the
   *     optimizer is one that is not there yet
   */
  public SftTrainer(
      CausalLm model,
      Tokenizer tokenizer,
      SftConfig config,
      List<Example> train,
      List<Example> eval) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.train = List.copyOf(train);
    this.eval = List.copyOf(eval);
    check(this.train, "Training");
    check(this.eval, "Evaluation");
    if (train.isEmpty()) {
      throw new IllegalArgumentException("There is no row to train on.");
    }
    if (config.outputDir() != null) {
      Pretrained.checkRows(model, tokenizer);
    }
    if (model.dtype() != DType.F32) {
      throw new IllegalArgumentException(
          "The model's weights are held in "
              + model.dtype()
              + ", which loses the small steps of training; load it in F32 and choose"
              + " precision(Precision.BF16) for speed.");
    }
    if (config.optim() == OptimizerName.ADAMW_8BIT) {
      throw new IllegalArgumentException(
          "The 8-bit AdamW is not implemented yet; use optim(OptimizerName.ADAMW), whose state"
              + " takes 8 bytes a parameter instead of 2.");
    }
  }

  private void check(List<Example> examples, String which) {
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      model.checkHasRows(tokenizer, example.ids());
      if (example.keptTokens() == 0) {
        throw new IllegalArgumentException(
            which + " row " + (i + 1) + " has no token that carries loss.");
      }
      if (example.length() > config.maxLength()) {
        throw new IllegalArgumentException(
            which
                + " row "
                + (i + 1)
                + " has "
                + example.length()
                + " tokens, more than maxLength "
                + config.maxLength()
                + "; let ExampleBuilder leave such rows out.");
      }
    }
  }

  /** The optimizer steps a full run takes. */
  public int totalSteps() {
    int batches = ceilDiv(train.size(), config.perDeviceTrainBatchSize());
    double steps = Math.ceil(config.numTrainEpochs() * stepsPerEpoch(batches));
    return config.maxSteps() > 0 ? config.maxSteps() : (int) steps;
  }

  private int stepsPerEpoch(int batches) {
    return ceilDiv(batches, config.gradientAccumulationSteps());
  }

  private static int ceilDiv(int a, int b) {
    return (a + b - 1) / b;
  }

  /**
   * Trains to the end, or until the thread is interrupted.
   *
   * @param listeners told of the run as it goes
   * @throws IllegalStateException if the loss is no longer a number, naming the step
   */
  public TrainingResult train(TrainingListener... listeners) {
    synchronized (model) {
      return trainAlone(listeners);
    }
  }

  private TrainingResult trainAlone(TrainingListener... listeners) {
    Map<String, NDArray> trained = model.trainableParameters();
    try (TrainingPass pass = model.trainingPass(config.precision(), false);
        AdamW optimizer = new AdamW(trained, pass.gradients(), config)) {
      TrainingRun run =
          new TrainingRun(
              model,
              tokenizer,
              config,
              pass,
              optimizer,
              eval,
              List.of(listeners),
              train.size(),
              totalSteps());
      run.evaluate();
      for (int epoch = 0; run.goesOn(); epoch++) {
        List<List<List<Example>>> steps = steps(config.seed() + epoch);
        for (int i = 0; i < steps.size() && run.goesOn(); i++) {
          run.step(steps.get(i), i == steps.size() - 1);
        }
        run.endEpoch();
      }
      return run.result();
    }
  }

  /** An epoch's optimizer steps, each a list of batches. */
  private List<List<List<Example>>> steps(long seed) {
    int size = config.perDeviceTrainBatchSize();
    List<List<Example>> batches =
        config.groupByLength()
            ? Batches.groupedByLength(train, size, seed)
            : Batches.shuffled(train, size, seed);
    int accumulation = config.gradientAccumulationSteps();
    return IntStream.range(0, stepsPerEpoch(batches.size()))
        .mapToObj(
            i ->
                batches.subList(i * accumulation, Math.min(batches.size(), (i + 1) * accumulation)))
        .toList();
  }
}
