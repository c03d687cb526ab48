package org.coldstart.io.config;

import com.google.gson.JsonObject;
import java.util.Locale;

/**
 * Rotary position embedding: the frequencies by which queries and keys are rotated.
 *
 * @param type how the frequencies are stretched for longer texts
 * @param theta base of the frequencies: {@code theta^(-2i/headDim)}
 * @param factor how much they are stretched; 1 for DEFAULT
 * @param lowFreqFactor LLAMA3: wavelengths above {@code original/low} are stretched in full
 * @param highFreqFactor LLAMA3: wavelengths below {@code original/high} are left alone
 * @param originalMaxPositionEmbeddings LLAMA3: the length the model was first trained on, in tokens
 */
public record RopeParameters(Type type, double theta, double factor, double lowFreqFactor, double highFreqFactor,
    int originalMaxPositionEmbeddings) {

  /** The ways of stretching that are implemented. */
  public enum Type {
    DEFAULT, LINEAR, LLAMA3
  }

  /** Plain rotary embedding. */
  public static RopeParameters plain(double theta) {
    return new RopeParameters(Type.DEFAULT, theta, 1, 1, 1, 0);
  }

  /** All wavelengths stretched alike. */
  static RopeParameters linear(double theta, double factor) {
    return new RopeParameters(Type.LINEAR, theta, factor, 1, 1, 0);
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
  public double stretch(double wavelength) {
    if (type != Type.LLAMA3 || wavelength > originalMaxPositionEmbeddings / lowFreqFactor) {
      return factor;
    }
    if (wavelength < originalMaxPositionEmbeddings / highFreqFactor) {
      return 1;
    }
    double smooth = (originalMaxPositionEmbeddings / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return 1 / ((1 - smooth) / factor + smooth);
  }

  /** In the form of {@code rope_scaling}. */
  public JsonObject scaling() {
    JsonObject json = new JsonObject();
    json.addProperty("rope_type", type.name().toLowerCase(Locale.ROOT));
    if (type != Type.DEFAULT) {
      json.addProperty("factor", factor);
    }
    if (type == Type.LLAMA3) {
      json.addProperty("low_freq_factor", lowFreqFactor);
      json.addProperty("high_freq_factor", highFreqFactor);
      json.addProperty("original_max_position_embeddings", originalMaxPositionEmbeddings);
    }
    return json;
  }
}
