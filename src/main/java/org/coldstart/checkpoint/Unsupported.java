package org.coldstart.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;

/**
 * Refuses options that change a model's results and are not implemented: a wrong answer is worse
 * than none.
 */
final class Unsupported {
  /** Absent or null is fine; anything else is refused. */
  private static final String[] MUST_BE_ABSENT = {
    "quantization_config",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "query_pre_attn_scalar",
    "attention_multiplier",
    "embedding_multiplier",
    "residual_multiplier",
    "logits_scaling",
    "logit_scale",
    "num_local_experts",
    "num_experts",
    "no_rope_layers",
    "clip_qkv"
  };

  private static final String[] MUST_BE_FALSE = {
    "is_encoder_decoder", "add_cross_attention", "use_qk_norm"
  };

  private Unsupported() {}

  static void check(JsonFields config, Architecture architecture, int maxPositionEmbeddings) {
    for (String key : MUST_BE_ABSENT) {
      config.element(key).ifPresent(value -> refuse(config, key, value));
    }
    for (String key : MUST_BE_FALSE) {
      config.bool(key).filter(on -> on).ifPresent(on -> refuse(config, key, new JsonPrimitive(on)));
    }
    unless(config, "partial_rotary_factor", 1);
    unless(config, "attention_dropout", 0);
    config
        .string("hidden_act")
        .filter(act -> !act.equals("silu"))
        .ifPresent(act -> refuse(config, "hidden_act", new JsonPrimitive(act)));
    config.element("layer_types").ifPresent(value -> checkLayerTypes(config, value));
    checkSlidingWindow(config, architecture, maxPositionEmbeddings);
  }

  /** Refuses a number other than the one that leaves the result as it is. */
  static void unless(JsonFields config, String key, double neutral) {
    config
        .number(key)
        .filter(value -> value != neutral)
        .ifPresent(value -> refuse(config, key, new JsonPrimitive(value)));
  }

  /** A window as long as the longest text changes nothing. */
  private static void checkSlidingWindow(
      JsonFields config, Architecture architecture, int longest) {
    Integer window =
        config.mentions("sliding_window")
            ? config.integer("sliding_window").orElse(null)
            : architecture.slidingWindow;
    if (window != null && window < longest) {
      refuse(config, "sliding_window", new JsonPrimitive(window));
    }
  }

  private static void checkLayerTypes(JsonFields config, JsonElement types) {
    if (!types.isJsonArray()) {
      refuse(config, "layer_types", types);
    }
    for (JsonElement type : types.getAsJsonArray()) {
      if (!type.equals(new JsonPrimitive("full_attention"))) {
        refuse(config, "layer_types", type);
      }
    }
  }

  private static void refuse(JsonFields config, String key, JsonElement value) {
    String text = value.toString();
    throw new CheckpointException(
        "Option \""
            + key
            + "\" = "
            + (text.length() > 80 ? text.substring(0, 80) + "…" : text)
            + " in "
            + config.origin()
            + " is not implemented, and ignoring it would change the model's"
            + " results.");
  }
}
