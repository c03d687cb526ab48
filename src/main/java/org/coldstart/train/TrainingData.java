package org.coldstart.train;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;

/** The rows of a run, and the batches and optimizer steps each epoch makes of them. */
record TrainingData(List<Example> train, List<Example> eval, SftConfig config) {

  TrainingData {
    train = List.copyOf(train);
    eval = List.copyOf(eval);
  }

  /** The optimizer steps a full run takes. */
  int totalSteps() {
    return config.maxSteps() > 0 ? config.maxSteps() : (int) Math.ceil(config.numTrainEpochs() * steps(0).size());
  }

  /** An epoch's optimizer steps, each a list of batches; the same for the same epoch. */
  List<List<List<Example>>> steps(int epoch) {
    List<List<Example>> batches = batches(epoch);
    int accumulation = config.gradientAccumulationSteps();
    List<List<List<Example>>> steps = new ArrayList<>();
    for (int from = 0; from < batches.size(); from += accumulation) {
      steps.add(batches.subList(from, Math.min(batches.size(), from + accumulation)));
    }
    return steps;
  }

  private List<List<Example>> batches(int epoch) {
    int size = config.perDeviceTrainBatchSize();
    long seed = config.seed() + epoch;
    if (config.packing()) {
      return Batches.packed(train, config.maxLength(), size, seed);
    }
    return config.groupByLength() ? Batches.groupedByLength(train, size, seed) : Batches.shuffled(train, size, seed);
  }

  /** The rows' places in the training data, counted from 1, for messages. */
  String rowNumbers(List<Example> rows) {
    String numbers = rows.stream().map(row -> "" + (train.indexOf(row) + 1)).collect(Collectors.joining(", "));
    return (rows.size() == 1 ? "row " : "rows ") + numbers;
  }

  /** Distinguishes rows from others: their number and a checksum of ids and masks. */
  static String fingerprint(List<Example> rows) {
    CRC32C checksum = new CRC32C();
    for (Example row : rows) {
      ByteBuffer bytes = ByteBuffer.allocate(4 + 5 * row.length()).putInt(row.length());
      for (int t = 0; t < row.length(); t++) {
        bytes.putInt(row.ids()[t]).put((byte) (row.mask()[t] ? 1 : 0));
      }
      checksum.update(bytes.flip());
    }
    return String.format("%d rows, %08x", rows.size(), checksum.getValue());
  }
}
