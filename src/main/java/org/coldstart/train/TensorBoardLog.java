package org.coldstart.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;

/**
 * Writes the log as a TensorBoard event file, under transformers' tags ({@code train/loss}, {@code eval/loss} …). Each
 * log makes a file of its own in the folder, with its first row; TensorBoard shows a folder's files as one run.
 *
 * <pre>{@code
 * trainer.train(new TensorBoardLog(Path.of("model/checkpoints/runs")));
 * // tensorboard --logdir model/checkpoints/runs
 * }</pre>
 */
public final class TensorBoardLog implements TrainingListener {

  private final Path file;

  /** A log into a folder, which is made if it is missing. */
  public TensorBoardLog(Path folder) {
    String name = String.format("events.out.tfevents.%010d.%d.%d", System.currentTimeMillis() / 1000,
        ProcessHandle.current().pid(), System.nanoTime());
    this.file = folder.toAbsolutePath().resolve(name);
  }

  @Override
  public void onLog(TrainingLog.Entry entry) {
    Summary.Builder summary = Summary.newBuilder();
    add(summary, "train/epoch", entry.epoch());
    add(summary, "train/loss", entry.loss());
    add(summary, "train/learning_rate", entry.learningRate());
    add(summary, "train/grad_norm", entry.gradNorm());
    add(summary, "train/mean_token_accuracy", entry.meanTokenAccuracy());
    add(summary, "train/entropy", entry.entropy());
    add(summary, "train/num_tokens", entry.numTokens());
    add(summary, "train/tokens_per_second", entry.tokensPerSecond());
    add(summary, "train/seconds_left", entry.secondsLeft());
    add(summary, "train/peak_memory_gib", entry.peakMemory() / 0x1p30);
    entry.metrics().forEach((name, value) -> add(summary, "train/" + name, value));
    add(summary, "eval/loss", entry.evalLoss());
    add(summary, "eval/mean_token_accuracy", entry.evalMeanTokenAccuracy());
    write(entry.step(), summary);
  }

  private static void add(Summary.Builder summary, String tag, double value) {
    if (!Double.isNaN(value)) {
      summary.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value));
    }
  }

  private void write(int step, Summary.Builder summary) {
    try {
      if (!Files.exists(file)) {
        Files.createDirectories(file.getParent());
        append(event().setFileVersion("brain.Event:2"));
      }
      append(event().setStep(step).setSummary(summary));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  private static Event.Builder event() {
    return Event.newBuilder().setWallTime(System.currentTimeMillis() / 1e3);
  }

  /** A TFRecord: length, its checksum, the bytes, theirs; in little-endian order. */
  private void append(Event.Builder event) throws IOException {
    byte[] data = event.build().toByteArray();
    ByteBuffer record = ByteBuffer.allocate(8 + 4 + data.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(data.length);
    record.putInt(maskedChecksum(record.array(), 0, 8));
    record.put(data);
    record.putInt(maskedChecksum(record.array(), 12, data.length));
    Files.write(file, record.array(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** TFRecord's checksum: CRC-32C, rotated and shifted, so that a CRC of CRCs stays strong. */
  private static int maskedChecksum(byte[] bytes, int from, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, from, length);
    return Integer.rotateRight((int) checksum.getValue(), 15) + 0xa282ead8;
  }
}
