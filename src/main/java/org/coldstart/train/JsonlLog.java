package org.coldstart.train;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes the log as JSON lines, one object a row under transformers' names, each on the disk before
 * the next step begins.
 *
 * <pre>{@code
 * trainer.train(new JsonlLog(Path.of("model/checkpoints/log.jsonl")));
 * }</pre>
 *
 * <p>Lines are added to a file that is there; a resumed run writes the rows since its checkpoint
 * again.
 */
public final class JsonlLog implements TrainingListener {

  private final Path file;

  /** A log into a file, which appears with the first row, as do the folders above it. */
  public JsonlLog(Path file) {
    this.file = file.toAbsolutePath();
  }

  @Override
  public void onLog(TrainingLog.Entry entry) {
    append(LogJson.write(entry));
  }

  @Override
  public void onSample(TrainingLog.Sample sample) {
    append(LogJson.write(sample));
  }

  private void append(JsonObject json) {
    String line = new GsonBuilder().disableHtmlEscaping().create().toJson(json) + "\n";
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }
}
