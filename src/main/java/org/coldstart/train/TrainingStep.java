package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.Adapter;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.LabelWeights;
import org.coldstart.model.LossSums;

/**
 * One optimizer step: forward, loss and backward for each micro-batch, then the gradient clipped, the schedule's
 * learning rate, and the optimizer. Its gradient is that of Σ scale · w · −log p(y | tokens before y) over the kept
 * tokens y of all micro-batches; what w and scale are is for the {@link Objective} to say.
 */
record TrainingStep(CausalLm model, ForwardBackward pass, Optimizer optimizer, SftConfig config, int totalSteps,
    Failures failures) {

  /**
   * What a step has measured.
   *
   * @param batch what it was taken on
   * @param sums of the loss and its like over the kept tokens
   * @param gradNorm global norm of the gradient, before clipping
   * @param learningRate with which the step was taken
   */
  record Result(StepBatch batch, LossSums sums, double gradNorm, double learningRate) {}

  /**
   * Takes a step.
   *
   * @param step its number, from 0
   * @return empty if the thread was interrupted before its end; the weights are then as before
   */
  Optional<Result> take(StepBatch batch, int step) {
    List<Example> rows = batch.examples();
    return Failures.withMemory(() -> take(rows, batch, step), cause -> failures.outOfMemory(rows, cause));
  }

  private Optional<Result> take(List<Example> rows, StepBatch batch, int step) {
    int warmupSteps = config.warmupSteps(totalSteps);
    double learningRate = config.learningRate() * config.lrSchedulerType().factor(step, warmupSteps, totalSteps);
    if (rows.isEmpty()) {
      return Optional.of(new Result(batch, LossSums.NONE, 0, learningRate));
    }
    LossSums sums = LossSums.NONE;
    int index = 0;
    for (List<List<Example>> part : batch.parts()) {
      int prefix = forwardSharedPrefix(part.stream().flatMap(List::stream).toList(), batch);
      for (List<Example> microBatch : part) {
        if (Thread.currentThread().isInterrupted()) {
          return Optional.empty();
        }
        sums = sums.plus(forwardBackward(microBatch, batch, step, index++, prefix));
      }
      pass.endRows(); // backward through the shared prefix
    }
    double gradNorm = pass.gradients().clip(config.maxGradNorm());
    if (!Double.isFinite(gradNorm)) {
      throw failures.diverged("gradient norm", gradNorm, rows);
    }
    optimizer.step(pass.gradients(), learningRate);
    pass.gradients().clear();
    pass.weightsChanged();
    return Optional.of(new Result(batch, sums, gradNorm, learningRate));
  }

  /** Adds a micro-batch's gradients to the step's. */
  private LossSums forwardBackward(List<Example> rows, StepBatch batch, int step, int index, int prefix) {
    if (config.neftuneNoiseAlpha() > 0) {
      // By the place in the run alone, so that a resumed run draws the same noise.
      Torch.seed(config.seed() + 1_000_003L * step + index);
    }
    long number = (long) step * config.gradientAccumulationSteps() + index;
    LossSums sums = Failures.withMemory(() -> forwardBackward(rows, batch, number, prefix),
        cause -> failures.outOfMemory(rows, cause));
    if (!Double.isFinite(sums.loss())) {
      throw failures.diverged("loss", sums.loss(), rows);
    }
    return sums;
  }

  /** In slices that hold the activations of few tokens at a time. */
  private LossSums forwardBackward(List<Example> rows, StepBatch step, long number, int prefix) {
    LossSums sums = LossSums.NONE;
    int done = 0;
    try {
      for (List<Example> slice : Batches.slices(rows, pass.tokensAtOnce(), prefix)) {
        if (!step.isWeighedByTheModel()) {
          model.train(number * 65_536 + done); // what dropout drops follows from this number
        }
        Batch batch = Batch.of(slice, prefix);
        LabelWeights weights = new LabelWeights(batch.weights(), step.scale(), step.temperature());
        sums = sums.plus(pass
          .forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), weights,
              neftune(config.neftuneNoiseAlpha(), batch.seqLens()))
          .sums());
        done += slice.size();
      }
    } finally {
      model.eval();
    }
    return sums;
  }

  /** Runs the prefix that all rows share forward once; returns its length in tokens. */
  private int forwardSharedPrefix(List<Example> rows, StepBatch batch) {
    boolean random = !batch.isWeighedByTheModel() && isRandom(model, config);
    return random ? 0 : pass.beginRows(rows.stream().map(Example::context).toList());
  }

  /** Under NEFTune's noise or dropout, drawn for each row on its own, rows share no prefix. */
  static boolean isRandom(CausalLm model, SftConfig config) {
    return config.neftuneNoiseAlpha() > 0 || model.adapter().filter(Adapter::dropsOut).isPresent();
  }

  /**
   * NEFTune (Jain et al., 2023): noise on a batch's embeddings, shape (tokens, hidden), uniform in ±α / √(L · d) for a
   * row of L tokens and hidden size d. Chat models trained with it write longer replies.
   *
   * @param alpha 0 for no noise
   * @param seqLens lengths of the packed rows
   */
  static UnaryOperator<NDArray> neftune(double alpha, long[] seqLens) {
    if (alpha == 0) {
      return UnaryOperator.identity();
    }
    return embeddings -> {
      long hidden = embeddings.getShape().get(1);
      float[] scale = new float[Math.toIntExact(embeddings.getShape().get(0))];
      int at = 0;
      for (long length : seqLens) {
        Arrays.fill(scale, at, at += length, (float) (alpha / Math.sqrt(length * hidden)));
      }
      return DecoderOps.uniformNoise(embeddings, embeddings.getManager().create(scale, new Shape(scale.length, 1)));
    };
  }
}
