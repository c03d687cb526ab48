package org.coldstart.io.checkpoint;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.coldstart.io.checkpoint.Architecture.Trait;
import org.coldstart.io.files.CheckpointException;

/**
 * Rotary parameters in {@code config.json}: {@code rope_theta}, {@code rope_local_base_freq} and
 * {@code rope_scaling} of transformers 4, {@code rope_parameters} of transformers 5.
 */
final class RopeJson {
  private static final double THETA = 10_000;
  private static final double GLOBAL_THETA = 1_000_000;

  private RopeJson() {}

  static Map<LayerType, RopeParameters> read(
      JsonFields config, Architecture architecture, int longest) {
    boolean local = architecture.has(Trait.LOCAL_ROPE);
    Optional<JsonFields> five = config.object("rope_parameters");
    five.ifPresent(rope -> refuseOtherNesting(rope, local));
    Optional<JsonFields> scaling =
        config
            .object("rope_scaling")
            .filter(scaled -> !scaled.isEmpty())
            .or(() -> local ? five.flatMap(r -> r.object("full_attention")) : five);
    double theta = config.positive("rope_theta", local ? GLOBAL_THETA : THETA);
    if (local) {
      // The values of both forms count, those of transformers 5 first.
      theta = theta(five, LayerType.FULL_ATTENTION, theta);
    }
    RopeParameters everywhere = one(config, scaling, theta, longest);
    Map<LayerType, RopeParameters> ropes = new EnumMap<>(LayerType.class);
    ropes.put(LayerType.FULL_ATTENTION, everywhere);
    ropes.put(LayerType.SLIDING_ATTENTION, local ? local(config, five, longest) : everywhere);
    return ropes;
  }

  private static RopeParameters local(JsonFields config, Optional<JsonFields> five, int longest) {
    return one(
        config,
        five.flatMap(rope -> rope.object("sliding_attention")),
        config.positive("rope_local_base_freq", THETA),
        longest);
  }

  private static double theta(Optional<JsonFields> five, LayerType type, double fallback) {
    return five.flatMap(rope -> rope.object(type.jsonName()))
        .map(rope -> rope.positive("rope_theta", fallback))
        .orElse(fallback);
  }

  private static RopeParameters one(
      JsonFields config, Optional<JsonFields> found, double plainTheta, int longest) {
    if (found.isEmpty()) {
      return RopeParameters.plain(plainTheta);
    }
    JsonFields rope = found.get();
    UnsupportedOptions.unless(rope, "partial_rotary_factor", 1);
    double theta = rope.positive("rope_theta", plainTheta);
    String type = rope.string("rope_type").or(() -> rope.string("type")).orElse("default");
    return switch (type) {
      case "default" -> RopeParameters.plain(theta);
      case "linear" -> RopeParameters.linear(theta, rope.positive("factor", null));
      case "llama3" ->
          llama3(rope, theta, config.integer("original_max_position_embeddings").orElse(longest));
      default ->
          throw new CheckpointException(
              "The rope type \""
                  + type
                  + "\" in "
                  + config.origin()
                  + " is not implemented; known are default, linear, llama3.");
    };
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
        RopeParameters.Type.LLAMA3,
        theta,
        rope.positive("factor", null),
        low,
        high,
        rope.integer("original_max_position_embeddings", original, 1, Integer.MAX_VALUE));
  }

  /** Parameters per kind of layer belong where kinds differ, and only there. */
  private static void refuseOtherNesting(JsonFields rope, boolean local) {
    for (LayerType type : LayerType.values()) {
      if (!local && rope.mentions(type.jsonName())) {
        throw new CheckpointException(
            "\"rope_parameters\" per kind of layer (\""
                + type.jsonName()
                + "\") in "
                + rope.origin()
                + " are not implemented for this architecture.");
      }
    }
    for (String key : List.of("rope_type", "rope_theta", "factor")) {
      if (local && rope.mentions(key)) {
        throw new CheckpointException(
            "\"rope_parameters\" in "
                + rope.origin()
                + " should be given for \"full_attention\" and \"sliding_attention\", but has \""
                + key
                + "\" directly.");
      }
    }
  }

  /** Puts a model's rotary parameters into its {@code config.json}. */
  static void write(ModelConfig model, JsonObject config) {
    RopeParameters full = model.attention().rope();
    RopeParameters sliding = model.attention().ropes().get(LayerType.SLIDING_ATTENTION);
    boolean nested = Architecture.ofClass(model.architecture()).orElseThrow().has(Trait.LOCAL_ROPE);
    config.addProperty("rope_theta", full.theta());
    config.add(
        "rope_scaling",
        full.type() == RopeParameters.Type.DEFAULT ? JsonNull.INSTANCE : scaling(full));
    if (nested) {
      config.addProperty("rope_local_base_freq", sliding.theta());
    }
    if (config.has("rope_parameters")) {
      JsonObject rope = withTheta(full);
      if (nested) {
        rope = new JsonObject();
        rope.add(LayerType.FULL_ATTENTION.jsonName(), withTheta(full));
        rope.add(LayerType.SLIDING_ATTENTION.jsonName(), withTheta(sliding));
      }
      config.add("rope_parameters", rope);
    }
  }

  private static JsonObject withTheta(RopeParameters rope) {
    JsonObject json = scaling(rope);
    json.addProperty("rope_theta", rope.theta());
    return json;
  }

  static JsonObject scaling(RopeParameters rope) {
    JsonObject json = new JsonObject();
    json.addProperty("rope_type", rope.type().name().toLowerCase(Locale.ROOT));
    if (rope.type() != RopeParameters.Type.DEFAULT) {
      json.addProperty("factor", rope.factor());
    }
    if (rope.type() == RopeParameters.Type.LLAMA3) {
      json.addProperty("low_freq_factor", rope.lowFreqFactor());
      json.addProperty("high_freq_factor", rope.highFreqFactor());
      json.addProperty("original_max_position_embeddings", rope.originalMaxPositionEmbeddings());
    }
    return json;
  }
}
