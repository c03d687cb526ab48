package org.coldstart.io.config;

/**
 * Refuses options that change a model's results and are not implemented: a wrong answer is worse
 * than none.
 */
final class UnsupportedOptions {
  /** Absent or null is fine; anything else is refused. */
  private static final String MUST_BE_ABSENT =
      "quantization_config attention_multiplier embedding_multiplier residual_multiplier"
          + " logits_scaling logit_scale num_local_experts num_experts no_rope_layers clip_qkv";

  private static final String MUST_BE_FALSE =
      "is_encoder_decoder add_cross_attention use_qk_norm use_bidirectional_attention";

  /** Options that some of the architectures have; from others they are refused. */
  private static final String MUST_BE_KNOWN =
      "attn_logit_softcapping final_logit_softcapping query_pre_attn_scalar";

  private UnsupportedOptions() {}

  static void check(JsonFields config, Architecture architecture) {
    for (String key : MUST_BE_ABSENT.split(" ")) {
      refuseIf(config.element(key).isPresent(), config, key);
    }
    for (String key : MUST_BE_FALSE.split(" ")) {
      refuseIf(config.bool(key), config, key);
    }
    for (String key : MUST_BE_KNOWN.split(" ")) {
      refuseIf(config.element(key).isPresent() && !architecture.has(key), config, key);
    }
    unless(config, "partial_rotary_factor", 1);
    unless(config, "attention_dropout", 0);
    if (architecture == Architecture.GEMMA) {
      // Versions of transformers disagree on whether this key or hidden_act counts.
      String activation = config.string("hidden_activation").orElse("gelu_pytorch_tanh");
      refuseIf(!activation.equals("gelu_pytorch_tanh"), config, "hidden_activation");
    }
    if (!architecture.has("sliding_window")) {
      // A window as long as the longest text changes nothing.
      int longest = config.integer("max_position_embeddings", 1, Integer.MAX_VALUE);
      int window = config.integer("sliding_window").orElse(longest);
      refuseIf(window < longest, config, "sliding_window");
    }
  }

  /** Refuses a number other than the one that leaves the result as it is. */
  static void unless(JsonFields config, String key, double neutral) {
    refuseIf(config.number(key).orElse(neutral) != neutral, config, key);
  }

  private static void refuseIf(boolean unsupported, JsonFields config, String key) {
    if (unsupported) {
      throw config.unsupported(key);
    }
  }
}
