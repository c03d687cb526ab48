package org.coldstart.io.config;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.coldstart.io.config.AttentionConfig.LayerType;

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

  private static final String THETA = "rope_theta";
  private static final String PARTIAL = "partial_rotary_factor";
  private static final String LOCAL_THETA = "rope_local_base_freq";
  private static final String FULL = LayerType.FULL_ATTENTION.jsonName();
  private static final String SLIDING = LayerType.SLIDING_ATTENTION.jsonName();

  /** The ways of stretching that are implemented. */
  public enum Type {
    DEFAULT, LINEAR, LLAMA3
  }

  /** Plain rotary embedding. */
  public static RopeParameters plain(double theta) {
    return new RopeParameters(Type.DEFAULT, theta, 1, 1, 1, 0);
  }

  /** All wavelengths stretched alike. */
  public static RopeParameters linear(double theta, double factor) {
    return new RopeParameters(Type.LINEAR, theta, factor, 1, 1, 0);
  }

  /**
   * Inverse frequencies in radians per token, {@code headDim / 2} of them; as {@code modeling_rope_utils.py} of
   * transformers computes them, here in double precision.
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

  /**
   * Reads {@code rope_theta}, {@code rope_local_base_freq}, {@code rope_scaling} of transformers 4,
   * {@code rope_parameters} of 5.
   */
  static Map<LayerType, RopeParameters> read(JsonFields config, Architecture architecture, int longest) {
    boolean local = architecture.has(LOCAL_THETA);
    Optional<JsonFields> five = config.object("rope_parameters");
    five.ifPresent(rope -> refuseOtherNesting(rope, local));
    Optional<JsonFields> full = local ? five.flatMap(rope -> rope.object(FULL)) : five;
    Optional<JsonFields> scaling = config.object("rope_scaling").filter(four -> four.json().size() > 0).or(() -> full);
    double theta = config.positive(THETA);
    if (local && full.isPresent()) {
      // The values of both forms count, those of transformers 5 first.
      theta = full.get().or(THETA, theta).positive(THETA);
    }
    RopeParameters everywhere = one(config, scaling, theta, longest);
    RopeParameters sliding = local
        ? one(config, five.flatMap(rope -> rope.object(SLIDING)), config.positive(LOCAL_THETA), longest)
        : everywhere;
    return Map.of(LayerType.FULL_ATTENTION, everywhere, LayerType.SLIDING_ATTENTION, sliding);
  }

  private static RopeParameters one(JsonFields config, Optional<JsonFields> found, double usualTheta, int longest) {
    if (found.isEmpty()) {
      return plain(usualTheta);
    }
    JsonFields rope = found.get().or(THETA, usualTheta);
    rope.refuseIf(rope.number(PARTIAL).orElse(1.0) != 1, PARTIAL);
    double theta = rope.positive(THETA);
    String key = rope.json().has("rope_type") ? "rope_type" : "type";
    String original = "original_max_position_embeddings";
    return switch (rope.string(key).orElse("default")) {
    case "default" -> plain(theta);
    case "linear" -> linear(theta, rope.positive("factor"));
    case "llama3" -> llama3(rope.or(original, config.integer(original).orElse(longest)), theta);
    default -> throw rope.unsupported(key);
    };
  }

  private static RopeParameters llama3(JsonFields rope, double theta) {
    double low = rope.positive("low_freq_factor");
    double high = rope.positive("high_freq_factor");
    rope.require(high > low, "high_freq_factor", "above \"low_freq_factor\", " + low);
    return new RopeParameters(Type.LLAMA3, theta, rope.positive("factor"), low, high,
        rope.integer("original_max_position_embeddings", 1, Integer.MAX_VALUE));
  }

  /** Parameters per kind of layer belong where kinds differ, and only there. */
  private static void refuseOtherNesting(JsonFields rope, boolean local) {
    for (String key : List.of(FULL, SLIDING)) {
      rope.refuseIf(!local && rope.json().has(key), key);
    }
    for (String key : List.of("rope_type", THETA, "factor")) {
      rope.require(!local || !rope.json().has(key), key,
          "given for \"" + FULL + "\" and \"" + SLIDING + "\" in \"rope_parameters\"");
    }
  }

  /** Puts a model's rotary parameters into its {@code config.json}. */
  static void write(AttentionConfig attention, Architecture architecture, JsonObject config) {
    RopeParameters full = attention.rope();
    RopeParameters sliding = attention.ropes().get(LayerType.SLIDING_ATTENTION);
    boolean nested = architecture.has(LOCAL_THETA);
    config.addProperty(THETA, full.theta);
    config.add("rope_scaling", full.type == Type.DEFAULT ? JsonNull.INSTANCE : full.scaling());
    if (nested) {
      config.addProperty(LOCAL_THETA, sliding.theta);
    }
    if (config.has("rope_parameters")) {
      JsonObject rope = nested ? new JsonObject() : full.withTheta();
      if (nested) {
        rope.add(FULL, full.withTheta());
        rope.add(SLIDING, sliding.withTheta());
      }
      config.add("rope_parameters", rope);
    }
  }

  private JsonObject withTheta() {
    JsonObject json = scaling();
    json.addProperty(THETA, theta);
    return json;
  }
}
