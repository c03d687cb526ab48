package org.coldstart.io.checkpoint;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The decoders this library can run, by the names Hugging Face gives them: what makes each what it
 * is, and the defaults of its configuration class in transformers 5.
 */
enum Architecture {
  LLAMA(
      "LlamaForCausalLM",
      "llama",
      new Defaults(2048, null, null, null, false, new SpecialIds(1, List.of(2), null)),
      Trait.ATTENTION_BIAS,
      Trait.MLP_BIAS),
  MISTRAL(
      "MistralForCausalLM",
      "mistral",
      new Defaults(131072, 8, null, 4096, false, new SpecialIds(1, List.of(2), null)),
      Trait.WINDOW_EVERYWHERE),
  QWEN2(
      "Qwen2ForCausalLM",
      "qwen2",
      new Defaults(32768, 32, null, 4096, false, new SpecialIds(null, List.of(), null)),
      Trait.QKV_BIAS,
      Trait.WINDOW_ON_REQUEST),
  QWEN3(
      "Qwen3ForCausalLM",
      "qwen3",
      new Defaults(32768, 32, 128, 4096, false, new SpecialIds(null, List.of(), null)),
      Trait.ATTENTION_BIAS,
      Trait.QUERY_KEY_NORM,
      Trait.WINDOW_ON_REQUEST),
  GEMMA(
      "GemmaForCausalLM",
      "gemma",
      new Defaults(8192, 16, 256, null, true, new SpecialIds(2, List.of(1), 0)),
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.GELU_IS_TANH),
  GEMMA2(
      "Gemma2ForCausalLM",
      "gemma2",
      new Defaults(8192, 4, 256, 4096, true, new SpecialIds(2, List.of(1), 0)),
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.SANDWICHED,
      Trait.QUERY_SCALAR,
      Trait.SCORE_SOFTCAP,
      Trait.LOGIT_SOFTCAP,
      Trait.WINDOW_ALTERNATING),
  GEMMA3(
      "Gemma3ForCausalLM",
      "gemma3_text",
      new Defaults(131072, 4, 256, 4096, true, new SpecialIds(2, List.of(1), 0)),
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.SANDWICHED,
      Trait.QUERY_SCALAR,
      Trait.QUERY_KEY_NORM,
      Trait.LOGIT_SOFTCAP,
      Trait.WINDOW_BY_PATTERN,
      Trait.LOCAL_ROPE);

  /** What sets architectures apart; an option of config.json counts only where its trait is. */
  enum Trait {
    /** {@code attention_bias} puts biases on q, k, v and o. */
    ATTENTION_BIAS,
    /** q, k and v have biases, o has none. */
    QKV_BIAS,
    /** {@code mlp_bias}. */
    MLP_BIAS,
    QUERY_KEY_NORM,
    /** Norms by 1 + weight, embeddings times the square root of their width. */
    GEMMA,
    /** Norms behind attention and feed-forward part, and {@code hidden_activation}. */
    SANDWICHED,
    /** {@code hidden_act: "gelu"} has always meant the tanh form. */
    GELU_IS_TANH,
    /** {@code query_pre_attn_scalar} in place of the width of a head. */
    QUERY_SCALAR,
    /** {@code attn_logit_softcapping}. */
    SCORE_SOFTCAP,
    /** {@code final_logit_softcapping}. */
    LOGIT_SOFTCAP,
    /** {@code sliding_window}, if there is one, holds for all layers. */
    WINDOW_EVERYWHERE,
    /** {@code use_sliding_window}, for the layers from {@code max_window_layers} on. */
    WINDOW_ON_REQUEST,
    /** The window is on layers 0, 2, 4 …, if {@code layer_types} does not say otherwise. */
    WINDOW_ALTERNATING,
    /** It is on all but every {@code sliding_window_pattern}-th layer, if not otherwise said. */
    WINDOW_BY_PATTERN,
    /** {@code rope_local_base_freq} for sliding layers. */
    LOCAL_ROPE
  }

  /** Defaults of a configuration class; null where it has none. */
  record Defaults(
      int maxPositionEmbeddings,
      Integer keyValueHeads,
      Integer headDim,
      Integer slidingWindow,
      boolean tied,
      SpecialIds ids) {}

  final String className;
  final String modelType;
  final Defaults defaults;
  private final Set<Trait> traits;

  Architecture(String className, String modelType, Defaults defaults, Trait... traits) {
    this.className = className;
    this.modelType = modelType;
    this.defaults = defaults;
    this.traits = EnumSet.copyOf(List.of(traits));
  }

  boolean has(Trait trait) {
    return traits.contains(trait);
  }

  static Optional<Architecture> ofClass(String className) {
    return Arrays.stream(values()).filter(known -> known.className.equals(className)).findFirst();
  }

  static Optional<Architecture> ofModelType(String modelType) {
    return Arrays.stream(values()).filter(known -> known.modelType.equals(modelType)).findFirst();
  }

  static String known() {
    return Arrays.stream(values()).map(known -> known.className).collect(Collectors.joining(", "));
  }
}
