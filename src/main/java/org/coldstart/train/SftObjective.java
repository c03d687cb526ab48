package org.coldstart.train;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleShards;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LossSums;

/**
 * Supervised fine-tuning: the mean of −log p(y | tokens before y) over the N kept tokens y of all micro-batches of a
 * step, hence four micro-batches of one row and one of four rows are the same step. Of rows with weights, N are the
 * tokens that weigh anything.
 */
record SftObjective(CausalLm model, SftConfig config, List<Example> train, List<Example> eval)
    implements Objective<List<Example>> {

  SftObjective {
    SftConfig.require(!(train instanceof ExampleShards) || !config.packing() && !config.groupByLength(),
        "packing and groupByLength need all rows in memory: train on List.copyOf(shards), or without them.");
    train = train instanceof ExampleShards ? train : List.copyOf(train);
    eval = List.copyOf(eval);
  }

  @Override
  public List<List<List<Example>>> steps(int epoch) {
    return Batches.cut(batches(epoch), config.gradientAccumulationSteps());
  }

  @Override
  public int rows() {
    return train.size();
  }

  @Override
  public StepBatch weigh(List<List<Example>> microBatches, TrainerState state, Failures failures) {
    int rows = microBatches.stream().mapToInt(List::size).sum();
    long n = microBatches.stream().flatMap(List::stream).mapToLong(Example::weighedTokens).sum();
    return new StepBatch(rows, n == 0 ? List.of() : List.of(microBatches), 1.0 / n, 1, Double.NaN, Map.of());
  }

  @Override
  public boolean evaluates() {
    return !eval.isEmpty();
  }

  @Override
  public Optional<LossSums> evaluate() {
    return Losses.measure(model, eval, config.perDeviceEvalBatchSize(), config.precision());
  }

  @Override
  public Map<String, String> fingerprint() {
    Map<String, String> fingerprint = config.recipe();
    fingerprint.put("training data", fingerprint(train));
    fingerprint.put("evaluation data", fingerprint(eval));
    return fingerprint;
  }

  private List<List<Example>> batches(int epoch) {
    int size = config.perDeviceTrainBatchSize();
    long seed = config.seed() + epoch;
    if (train instanceof ExampleShards shards) {
      return Batches.cut(shards.shuffled(seed), size);
    }
    if (config.packing()) {
      return Batches.packed(train, config.maxLength(), size, seed);
    }
    return config.groupByLength() ? Batches.groupedByLength(train, size, seed) : Batches.shuffled(train, size, seed);
  }

  @Override
  public String rowNumbers(List<Example> rows) {
    return Objective.named("row", rows.stream().map(row -> train.indexOf(row) + 1).toList());
  }

  /** Distinguishes rows from others: their number and a checksum of ids, masks and weights. */
  static String fingerprint(List<Example> rows) {
    CRC32C checksum = new CRC32C();
    for (Example row : rows) {
      ByteBuffer bytes = ByteBuffer.allocate(4 + 9 * row.length()).putInt(row.length());
      for (int t = 0; t < row.length(); t++) {
        bytes.putInt(row.ids()[t]).put((byte) (row.mask()[t] ? 1 : 0));
        if (row.weights() != null) {
          bytes.putFloat(row.weights()[t]);
        }
      }
      checksum.update(bytes.flip());
    }
    return String.format("%d rows, %08x", rows.size(), checksum.getValue());
  }
}
