package org.coldstart.train;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;

/** The rows of a run, and the order in which each epoch deals them out. */
final class TrainingData {

  private final List<Example> train;
  private final List<Example> eval;
  private final SftConfig config;

  TrainingData(List<Example> train, List<Example> eval, SftConfig config) {
    this.train = List.copyOf(train);
    this.eval = List.copyOf(eval);
    this.config = config;
  }

  List<Example> eval() {
    return eval;
  }

  int trainRows() {
    return train.size();
  }

  /** The optimizer steps a full run takes. */
  int totalSteps() {
    double steps = Math.ceil(config.numTrainEpochs() * stepsPerEpoch(batches(0).size()));
    return config.maxSteps() > 0 ? config.maxSteps() : (int) steps;
  }

  /** An epoch's optimizer steps, each a list of batches; the same for the same epoch. */
  List<List<List<Example>>> steps(int epoch) {
    List<List<Example>> batches = batches(epoch);
    int accumulation = config.gradientAccumulationSteps();
    return IntStream.range(0, stepsPerEpoch(batches.size()))
        .mapToObj(
            i ->
                batches.subList(i * accumulation, Math.min(batches.size(), (i + 1) * accumulation)))
        .toList();
  }

  private List<List<Example>> batches(int epoch) {
    int size = config.perDeviceTrainBatchSize();
    long seed = config.seed() + epoch;
    if (config.packing()) {
      return Batches.packed(train, config.maxLength(), size, seed);
    }
    return config.groupByLength()
        ? Batches.groupedByLength(train, size, seed)
        : Batches.shuffled(train, size, seed);
  }

  private int stepsPerEpoch(int batches) {
    return ceilDiv(batches, config.gradientAccumulationSteps());
  }

  private static int ceilDiv(int a, int b) {
    return (a + b - 1) / b;
  }

  /** The rows' places in the training data, counted from 1, for messages. */
  String rowNumbers(List<Example> rows) {
    Map<Example, Integer> places = new IdentityHashMap<>();
    for (int i = train.size() - 1; i >= 0; i--) {
      places.put(train.get(i), i + 1);
    }
    String numbers =
        rows.stream().map(row -> String.valueOf(places.get(row))).collect(Collectors.joining(", "));
    return (rows.size() == 1 ? "row " : "rows ") + numbers;
  }

  /** What tells rows apart from others: their number and a hash over ids and masks. */
  static String fingerprint(List<Example> rows) {
    MessageDigest digest = sha256();
    for (Example row : rows) {
      ByteBuffer bytes = ByteBuffer.allocate(4 + 5 * row.length()).putInt(row.length());
      for (int t = 0; t < row.length(); t++) {
        bytes.putInt(row.ids()[t]).put((byte) (row.mask()[t] ? 1 : 0));
      }
      digest.update(bytes.flip());
    }
    return String.format("%d rows, %016x", rows.size(), ByteBuffer.wrap(digest.digest()).getLong());
  }

  String trainFingerprint() {
    return fingerprint(train);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JVM has SHA-256.", e);
    }
  }
}
