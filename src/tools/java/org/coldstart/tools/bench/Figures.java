package org.coldstart.tools.bench;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.Machine;

/** The figures of one process, written as one JSON object. */
final class Figures {

  private final JsonObject json = new JsonObject();

  Figures put(String name, Number value) {
    json.addProperty(name, value);
    return this;
  }

  Figures put(String name, Object value) {
    json.add(name, new com.google.gson.Gson().toJsonTree(value));
    return this;
  }

  /** Notes the most bytes resident so far. */
  Figures putPeak() {
    return put("peak_bytes", Machine.peakResidentBytes().orElse(0));
  }

  void write(Path file) {
    put("threads", Torch.threads());
    try {
      Files.writeString(file, json.toString());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ".", e);
    }
  }

  /**
   * Seconds since whoever started this process did so, by the variable {@code BENCH_STARTED} (seconds since 1970).
   */
  static double secondsSinceStart() {
    String started = System.getenv("BENCH_STARTED");
    double now = System.currentTimeMillis() / 1e3;
    return started == null ? Double.NaN : now - Double.parseDouble(started);
  }
}
