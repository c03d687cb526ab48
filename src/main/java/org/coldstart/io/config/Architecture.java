package org.coldstart.io.config;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;

/**
 * The decoders this library can run, by the names Hugging Face gives them: what makes each what it
 * is, and the defaults of its configuration class in transformers 5.
 */
public enum Architecture {
  LLAMA(
      "LlamaForCausalLM",
      "llama",
      """
      {"max_position_embeddings": 2048, "bos_token_id": 1, "eos_token_id": 2}""",
      Trait.ATTENTION_BIAS,
      Trait.MLP_BIAS),
  MISTRAL(
      "MistralForCausalLM",
      "mistral",
      """
      {"max_position_embeddings": 131072, "num_key_value_heads": 8, "sliding_window": 4096,
       "bos_token_id": 1, "eos_token_id": 2}"""),
  QWEN2(
      "Qwen2ForCausalLM",
      "qwen2",
      """
      {"max_position_embeddings": 32768, "num_key_value_heads": 32, "sliding_window": 4096}""",
      Trait.QKV_BIAS,
      Trait.WINDOW_ON_REQUEST),
  QWEN3(
      "Qwen3ForCausalLM",
      "qwen3",
      """
      {"max_position_embeddings": 32768, "num_key_value_heads": 32, "head_dim": 128,
       "sliding_window": 4096}""",
      Trait.ATTENTION_BIAS,
      Trait.QUERY_KEY_NORM,
      Trait.WINDOW_ON_REQUEST),
  GEMMA(
      "GemmaForCausalLM",
      "gemma",
      """
      {"max_position_embeddings": 8192, "num_key_value_heads": 16, "head_dim": 256,
       "tie_word_embeddings": true, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}""",
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.GELU_IS_TANH),
  GEMMA2(
      "Gemma2ForCausalLM",
      "gemma2",
      """
      {"max_position_embeddings": 8192, "num_key_value_heads": 4, "head_dim": 256,
       "tie_word_embeddings": true, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
       "sliding_window": 4096, "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50,
       "final_logit_softcapping": 30}""",
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.SANDWICHED,
      Trait.QUERY_SCALAR,
      Trait.ATTENTION_SOFTCAP,
      Trait.LOGIT_SOFTCAP,
      Trait.WINDOW_ALTERNATING),
  GEMMA3(
      "Gemma3ForCausalLM",
      "gemma3_text",
      """
      {"max_position_embeddings": 131072, "num_key_value_heads": 4, "head_dim": 256,
       "tie_word_embeddings": true, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
       "sliding_window": 4096, "query_pre_attn_scalar": 256, "rope_theta": 1e6}""",
      Trait.ATTENTION_BIAS,
      Trait.GEMMA,
      Trait.SANDWICHED,
      Trait.QUERY_SCALAR,
      Trait.QUERY_KEY_NORM,
      Trait.LOGIT_SOFTCAP,
      Trait.WINDOW_BY_PATTERN,
      Trait.LOCAL_ROPE);

  /** What sets architectures apart; an option of config.json counts only where its trait is. */
  public enum Trait {
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
    ATTENTION_SOFTCAP,
    /** {@code final_logit_softcapping}. */
    LOGIT_SOFTCAP,
    /** {@code use_sliding_window}, for the layers from {@code max_window_layers} on. */
    WINDOW_ON_REQUEST,
    /** The window is on layers 0, 2, 4 …, if {@code layer_types} does not say otherwise. */
    WINDOW_ALTERNATING,
    /** It is on all but every {@code sliding_window_pattern}-th layer, if not otherwise said. */
    WINDOW_BY_PATTERN,
    /** {@code rope_local_base_freq} for sliding layers. */
    LOCAL_ROPE
  }

  private static final String SHARED_DEFAULTS =
      """
      {"rms_norm_eps": 1e-6, "rope_theta": 1e4, "rope_local_base_freq": 1e4,
       "max_window_layers": 28, "sliding_window_pattern": 6}""";

  /** Its class in transformers. */
  public final String className;

  /** Its {@code model_type}. */
  public final String modelType;

  /** What its configuration class puts for absent keys. */
  final JsonObject defaults = Json.parse(SHARED_DEFAULTS).getAsJsonObject();

  private final Set<Trait> traits;

  Architecture(String className, String modelType, String defaults, Trait... traits) {
    this.className = className;
    this.modelType = modelType;
    this.traits = Set.of(traits);
    Json.parse(defaults).getAsJsonObject().asMap().forEach(this.defaults::add);
  }

  boolean has(Trait trait) {
    return traits.contains(trait);
  }

  /**
   * What {@code architectures} or, without it, {@code model_type} names.
   *
   * @throws CheckpointException if it is unknown, or they contradict each other
   */
  static Architecture of(JsonFields config) {
    Optional<String> type = config.string("model_type");
    Optional<String> name = config.element("architectures").map(list -> onlyName(list, config));
    if (name.isEmpty() && type.isEmpty()) {
      throw new CheckpointException(
          config.origin()
              + " has neither \"architectures\" nor \"model_type\"; it is not the config.json of a"
              + " language model.");
    }
    Architecture found =
        name.map(wanted -> one(known -> known.className.equals(wanted), wanted, config))
            .orElseGet(() -> one(known -> known.modelType.equals(type.get()), type.get(), config));
    if (!type.orElse(found.modelType).equals(found.modelType)) {
      throw config.wrong(
          "model_type", "\"%s\" beside %s".formatted(found.modelType, found.className));
    }
    return found;
  }

  private static String onlyName(JsonElement list, JsonFields config) {
    if (list instanceof JsonArray names && names.size() == 1 && names.get(0).isJsonPrimitive()) {
      return names.get(0).getAsString();
    }
    throw config.wrong("architectures", "a list of one name");
  }

  private static Architecture one(Predicate<Architecture> wanted, String name, JsonFields config) {
    return Arrays.stream(values())
        .filter(wanted)
        .findFirst()
        .orElseThrow(
            () ->
                new CheckpointException(
                    "%s: the architecture \"%s\" is not known; known are %s."
                        .formatted(
                            config.origin(),
                            name,
                            Arrays.stream(values())
                                .map(known -> known.className)
                                .collect(Collectors.joining(", ")))));
  }

  /** By its class name, which must be one of these. */
  static Architecture ofClass(String className) {
    return Arrays.stream(values())
        .filter(known -> known.className.equals(className))
        .findFirst()
        .orElseThrow();
  }
}
