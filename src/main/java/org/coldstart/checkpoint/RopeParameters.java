package org.coldstart.checkpoint;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.Locale;
import java.util.Optional;

/**
 * Rotary position embedding: which frequencies the queries and keys are turned by.
 *
 * @param type how the frequencies are stretched for longer texts
 * @param theta base of the frequencies: {@code theta^(-2i/headDim)}
 * @param factor how much they are stretched; 1 for DEFAULT
 * @param lowFreqFactor LLAMA3: wavelengths above {@code original/low} are stretched in full
 * @param highFreqFactor LLAMA3: wavelengths below {@code original/high} are left alone
 * @param originalMaxPositionEmbeddings LLAMA3: the length the model was first trained on, in tokens
 */
public record RopeParameters(
    Type type,
    double theta,
    double factor,
    double lowFreqFactor,
    double highFreqFactor,
    int originalMaxPositionEmbeddings) {

  /** The ways of stretching that are implemented. */
  public enum Type {
    DEFAULT,
    LINEAR,
    LLAMA3
  }

  private static final double DEFAULT_THETA = 10_000;

  /** Plain rotary embedding. */
  public static RopeParameters plain(double theta) {
    return new RopeParameters(Type.DEFAULT, theta, 1, 1, 1, 0);
  }

  /**
   * Inverse frequencies in radians per token, {@code headDim / 2} of them; as {@code
   * modeling_rope_utils.py} of transformers computes them, here in double precision.
   */
  public double[] inverseFrequencies(int headDim) {
    double[] frequencies = new double[headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double plain = Math.pow(theta, -2.0 * i / headDim);
      frequencies[i] = plain / stretch(2 * Math.PI / plain);
    }
    return frequencies;
  }

  /** What a frequency of this wavelength (in tokens) is divided by. */
  double stretch(double wavelength) {
    if (type != Type.LLAMA3 || wavelength > originalMaxPositionEmbeddings / lowFreqFactor) {
      return factor;
    }
    if (wavelength < originalMaxPositionEmbeddings / highFreqFactor) {
      return 1;
    }
    double smooth =
        (originalMaxPositionEmbeddings / wavelength - lowFreqFactor)
            / (highFreqFactor - lowFreqFactor);
    return 1 / ((1 - smooth) / factor + smooth);
  }

  /**
   * Reads {@code rope_parameters} (transformers 5) or {@code rope_theta} and {@code rope_scaling}
   * (transformers 4).
   */
  static RopeParameters fromJson(JsonFields config, int maxPositionEmbeddings) {
    Optional<JsonFields> found =
        config.object("rope_scaling").or(() -> config.object("rope_parameters"));
    double plainTheta = config.positive("rope_theta", DEFAULT_THETA);
    if (found.isEmpty()) {
      return plain(plainTheta);
    }
    JsonFields rope = found.get();
    refuseNested(rope);
    Unsupported.unless(rope, "partial_rotary_factor", 1);
    double theta = rope.positive("rope_theta", plainTheta);
    String type = rope.string("rope_type").or(() -> rope.string("type")).orElse("default");
    return switch (type) {
      case "default" -> plain(theta);
      case "linear" ->
          new RopeParameters(Type.LINEAR, theta, rope.positive("factor", null), 1, 1, 0);
      case "llama3" ->
          llama3(
              rope,
              theta,
              config.integer("original_max_position_embeddings").orElse(maxPositionEmbeddings));
      default ->
          throw new CheckpointException(
              "The rope type \""
                  + type
                  + "\" in "
                  + config.origin()
                  + " is not implemented; known are default, linear, llama3.");
    };
  }

  /**
   * In the way of transformers 5 if {@code config} already has it so, else in that of 4, which 5
   * reads as well.
   */
  void writeTo(JsonObject config) {
    JsonObject rope = new JsonObject();
    rope.addProperty("rope_type", type.name().toLowerCase(Locale.ROOT));
    if (type != Type.DEFAULT) {
      rope.addProperty("factor", factor);
    }
    if (type == Type.LLAMA3) {
      rope.addProperty("low_freq_factor", lowFreqFactor);
      rope.addProperty("high_freq_factor", highFreqFactor);
      rope.addProperty("original_max_position_embeddings", originalMaxPositionEmbeddings);
    }
    if (config.has("rope_parameters")) {
      rope.addProperty("rope_theta", theta);
      config.add("rope_parameters", rope);
      config.remove("rope_scaling");
      config.remove("rope_theta");
    } else {
      config.addProperty("rope_theta", theta);
      config.add("rope_scaling", type == Type.DEFAULT ? JsonNull.INSTANCE : rope);
    }
  }

  private static RopeParameters llama3(JsonFields rope, double theta, int original) {
    double low = rope.positive("low_freq_factor", null);
    double high = rope.positive("high_freq_factor", null);
    if (high <= low) {
      throw new CheckpointException(
          "Key \"high_freq_factor\" in "
              + rope.origin()
              + " is "
              + high
              + "; it should be above \"low_freq_factor\", "
              + low
              + ".");
    }
    return new RopeParameters(
        Type.LLAMA3,
        theta,
        rope.positive("factor", null),
        low,
        high,
        rope.integer("original_max_position_embeddings", original, 1, Integer.MAX_VALUE));
  }

  private static void refuseNested(JsonFields rope) {
    for (String layers : new String[] {"full_attention", "sliding_attention"}) {
      if (rope.mentions(layers)) {
        throw new CheckpointException(
            "\"rope_parameters\" per kind of layer (\""
                + layers
                + "\") in "
                + rope.origin()
                + " are not implemented.");
      }
    }
  }
}
