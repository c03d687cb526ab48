package org.coldstart.tools.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.coldstart.data.Batch;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The time and memory of one micro-batch forward and back, of random tokens with loss on all.
 *
 * <p>
 * Its operations are counted as usual: six a parameter that tokens are multiplied with and token (two forward, four
 * back), and attention's own, of which a causal mask leaves half. Work done twice, such as under gradient
 * checkpointing, is not counted twice.
 */
@Command(name = "cost", description = "Measures micro-batches of one size.")
final class BenchCost implements Callable<Integer> {

  @Option(names = "--model", required = true)
  private Path model;

  @Option(names = "--length", defaultValue = "512", description = "tokens in a row")
  private int length;

  @Option(names = "--batch", defaultValue = "4", description = "rows in a micro-batch")
  private int batch;

  @Option(names = "--passes", defaultValue = "3", description = "timed passes; one goes before")
  private int passes;

  @Option(names = "--precision", defaultValue = "F32", description = "${COMPLETION-CANDIDATES}")
  private Precision precision;

  @Option(names = "--gradient-checkpointing")
  private boolean gradientCheckpointing;

  @Option(names = "--out", required = true)
  private Path out;

  @Override
  public Integer call() {
    try (CausalLm lm = CausalLm.fromPretrained(model);
        ForwardBackward pass = lm.trainingPass(precision, gradientCheckpointing)) {
      double[] seconds = new double[passes];
      run(pass, lm.config().vocabSize());
      for (int i = 0; i < passes; i++) {
        long start = System.nanoTime();
        run(pass, lm.config().vocabSize());
        seconds[i] = (System.nanoTime() - start) / 1e9;
      }
      Arrays.sort(seconds);
      new Figures().putPeak()
        .put("seconds", seconds[passes / 2])
        .put("seconds_of_passes", seconds)
        .put("tokens", (long) length * batch)
        .put("flops", flops(lm))
        .write(out);
    }
    return 0;
  }

  /** In slices, as the trainer does it. */
  private void run(ForwardBackward pass, int vocabSize) {
    Random random = new Random(0);
    boolean[] all = new boolean[length];
    Arrays.fill(all, true);
    List<Example> rows = Stream.generate(() -> new Example(random.ints(length, 0, vocabSize).toArray(), all))
      .limit(batch)
      .toList();
    for (List<Example> slice : Batches.slices(rows, pass.tokensAtOnce())) {
      Batch part = Batch.of(slice);
      pass.forwardBackward(part.inputIds(), part.seqLens(), part.positions(), part.labels(), 1.0 / (length * batch));
    }
  }

  private double flops(CausalLm lm) {
    ModelConfig config = lm.config();
    AttentionConfig attention = config.attention();
    double multiplied = lm.parameterCount();
    if (!config.tieWordEmbeddings()) { // looked up, not multiplied with
      multiplied -= (double) config.vocabSize() * config.hiddenSize();
    }
    double pairs = (double) batch * length * length / 2;
    double perPair = 12.0 * attention.heads() * attention.headDim();
    return 6 * multiplied * length * batch + config.numHiddenLayers() * perPair * pairs;
  }
}
