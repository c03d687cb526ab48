package org.coldstart.io.gguf;

import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.files.CheckpointException;

/**
 * Finds the parameters behind {@code rope_freqs.weight}. llama.cpp's converter writes only what
 * each frequency is divided by; Llama 3.1 to 3.3 all use low 1, high 4 and an original length of
 * 8192, with a factor of 8 or 32, and the factor is the largest entry. A table that these do not
 * reproduce is refused.
 */
final class LlamaRopeTable {
  private static final double LOW = 1;
  private static final double HIGH = 4;
  private static final int ORIGINAL = 8192;
  private static final double TOLERANCE = 1e-5;

  private LlamaRopeTable() {}

  /** The {@code rope_scaling} of config.json, empty for a table of ones. */
  static Optional<JsonObject> read(StoredTensor table, double theta, int headDim) {
    float[] divisors = values(table, headDim);
    double factor = 1;
    for (float divisor : divisors) {
      factor = Math.max(factor, divisor);
    }
    RopeParameters candidate =
        factor == 1
            ? RopeParameters.plain(theta)
            : new RopeParameters(RopeParameters.Type.LLAMA3, theta, factor, LOW, HIGH, ORIGINAL);
    for (int i = 0; i < divisors.length; i++) {
      double wavelength = 2 * Math.PI * Math.pow(theta, (double) i / divisors.length);
      double expected = candidate.stretch(wavelength);
      if (!(Math.abs(divisors[i] - expected) <= TOLERANCE * expected)) {
        throw refused(table, "entry " + i + " is " + divisors[i] + " instead of " + expected);
      }
    }
    return factor == 1 ? Optional.empty() : Optional.of(candidate.scaling());
  }

  private static float[] values(StoredTensor table, int headDim) {
    long entries = table.info().elements();
    if (entries != headDim / 2) {
      throw refused(table, "it has " + entries + " entries for heads of " + headDim);
    }
    FloatBuffer values = FloatBuffer.allocate((int) entries);
    table.read(0, values);
    return values.array();
  }

  private static CheckpointException refused(StoredTensor table, String why) {
    return new CheckpointException(
        "The rotary table %s is not that of a Llama 3 (%s), so the rope scaling of this GGUF file"
                .formatted(table.info().name(), why)
            + " is unknown. Use the safetensors checkpoint.");
  }
}
