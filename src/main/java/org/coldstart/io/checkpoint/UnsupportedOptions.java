package org.coldstart.io.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import java.util.Map;
import org.coldstart.io.checkpoint.Architecture.Trait;
import org.coldstart.io.files.CheckpointException;

/**
 * Refuses options that change a model's results and are not implemented: a wrong answer is worse
 * than none.
 */
final class UnsupportedOptions {
  /** Absent or null is fine; anything else is refused. */
  private static final String[] MUST_BE_ABSENT = {
    "quantization_config",
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
    "is_encoder_decoder", "add_cross_attention", "use_qk_norm", "use_bidirectional_attention"
  };

  /** Options that some of the architectures have; from others they are refused. */
  private static final Map<String, Trait> NEED_TRAIT =
      Map.of(
          "attn_logit_softcapping", Trait.SCORE_SOFTCAP,
          "final_logit_softcapping", Trait.LOGIT_SOFTCAP,
          "query_pre_attn_scalar", Trait.QUERY_SCALAR);

  private UnsupportedOptions() {}

  static void check(JsonFields config, Architecture architecture, int maxPositionEmbeddings) {
    for (String key : MUST_BE_ABSENT) {
      config.element(key).ifPresent(value -> refuse(config, key, value));
    }
    for (String key : MUST_BE_FALSE) {
      config.bool(key).filter(on -> on).ifPresent(on -> refuse(config, key, new JsonPrimitive(on)));
    }
    unless(config, "partial_rotary_factor", 1);
    unless(config, "attention_dropout", 0);
    NEED_TRAIT.forEach(
        (key, trait) ->
            config
                .element(key)
                .filter(value -> !architecture.has(trait))
                .ifPresent(value -> refuse(config, key, value)));
    if (architecture.has(Trait.GELU_IS_TANH)) {
      checkSecondActivation(config);
    }
    if (architecture.defaults.slidingWindow() == null) {
      checkSlidingWindow(config, maxPositionEmbeddings);
    }
  }

  /** Versions of transformers disagree on whether this key or {@code hidden_act} counts. */
  private static void checkSecondActivation(JsonFields config) {
    config
        .string("hidden_activation")
        .filter(act -> !act.equals("gelu_pytorch_tanh"))
        .ifPresent(act -> refuse(config, "hidden_activation", new JsonPrimitive(act)));
  }

  /** Refuses a number other than the one that leaves the result as it is. */
  static void unless(JsonFields config, String key, double neutral) {
    config
        .number(key)
        .filter(value -> value != neutral)
        .ifPresent(value -> refuse(config, key, new JsonPrimitive(value)));
  }

  /** A window as long as the longest text changes nothing. */
  private static void checkSlidingWindow(JsonFields config, int longest) {
    config
        .integer("sliding_window")
        .filter(window -> window < longest)
        .ifPresent(window -> refuse(config, "sliding_window", new JsonPrimitive(window)));
  }

  private static void refuse(JsonFields config, String key, JsonElement value) {
    throw refusal(config, key, value);
  }

  static CheckpointException refusal(JsonFields config, String key, JsonElement value) {
    return new CheckpointException(
        "Option \""
            + key
            + "\" = "
            + shortened(value)
            + " in "
            + config.origin()
            + " is not implemented, and ignoring it would change the model's"
            + " results.");
  }

  static String shortened(JsonElement value) {
    String text = value.toString();
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }
}
