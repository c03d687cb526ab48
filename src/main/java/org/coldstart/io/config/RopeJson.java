package org.coldstart.io.config;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.coldstart.io.config.AttentionConfig.LayerType;

/**
 * Rotary parameters in {@code config.json}: {@code rope_theta}, {@code rope_local_base_freq} and {@code rope_scaling}
 * of transformers 4, {@code rope_parameters} of transformers 5.
 */
final class RopeJson {
  private static final String THETA = "rope_theta";
  private static final String PARTIAL = "partial_rotary_factor";
  private static final String LOCAL_THETA = "rope_local_base_freq";
  private static final String FULL = LayerType.FULL_ATTENTION.jsonName();
  private static final String SLIDING = LayerType.SLIDING_ATTENTION.jsonName();

  private RopeJson() {}

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
      return RopeParameters.plain(usualTheta);
    }
    JsonFields rope = found.get().or(THETA, usualTheta);
    rope.refuseIf(rope.number(PARTIAL).orElse(1.0) != 1, PARTIAL);
    double theta = rope.positive(THETA);
    String key = rope.json().has("rope_type") ? "rope_type" : "type";
    String original = "original_max_position_embeddings";
    return switch (rope.string(key).orElse("default")) {
    case "default" -> RopeParameters.plain(theta);
    case "linear" -> RopeParameters.linear(theta, rope.positive("factor"));
    case "llama3" -> llama3(rope.or(original, config.integer(original).orElse(longest)), theta);
    default -> throw rope.unsupported(key);
    };
  }

  private static RopeParameters llama3(JsonFields rope, double theta) {
    double low = rope.positive("low_freq_factor");
    double high = rope.positive("high_freq_factor");
    rope.require(high > low, "high_freq_factor", "above \"low_freq_factor\", " + low);
    return new RopeParameters(RopeParameters.Type.LLAMA3, theta, rope.positive("factor"), low, high,
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
  static void write(ModelConfig model, JsonObject config) {
    RopeParameters full = model.attention().rope();
    RopeParameters sliding = model.attention().ropes().get(LayerType.SLIDING_ATTENTION);
    boolean nested = Architecture.ofClass(model.architecture()).has(LOCAL_THETA);
    boolean plain = full.type() == RopeParameters.Type.DEFAULT;
    config.addProperty(THETA, full.theta());
    config.add("rope_scaling", plain ? JsonNull.INSTANCE : full.scaling());
    if (nested) {
      config.addProperty(LOCAL_THETA, sliding.theta());
    }
    if (config.has("rope_parameters")) {
      JsonObject rope = withTheta(full);
      if (nested) {
        rope = new JsonObject();
        rope.add(FULL, withTheta(full));
        rope.add(SLIDING, withTheta(sliding));
      }
      config.add("rope_parameters", rope);
    }
  }

  private static JsonObject withTheta(RopeParameters rope) {
    JsonObject json = rope.scaling();
    json.addProperty(THETA, rope.theta());
    return json;
  }
}
