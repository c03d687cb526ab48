package org.coldstart.io.config;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.Json;

/**
 * The decoders this library can run, by the names Hugging Face gives them, with what the configuration class of each in
 * transformers 5 has: an option of {@code config.json} counts only where it stands here.
 */
public enum Architecture {
  LLAMA("LlamaForCausalLM", "llama", """
      {"max_position_embeddings": 2048, "num_key_value_heads": null, "hidden_act": "silu",
       "attention_bias": false, "mlp_bias": false, "bos_token_id": 1, "eos_token_id": 2}"""),
  MISTRAL("MistralForCausalLM", "mistral", """
      {"max_position_embeddings": 131072, "num_key_value_heads": 8, "hidden_act": "silu",
       "sliding_window": 4096, "bos_token_id": 1, "eos_token_id": 2}"""), QWEN2("Qwen2ForCausalLM", "qwen2", """
      {"max_position_embeddings": 32768, "num_key_value_heads": 32, "hidden_act": "silu",
       "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28}"""),
  QWEN3("Qwen3ForCausalLM", "qwen3", """
      {"max_position_embeddings": 32768, "num_key_value_heads": 32, "head_dim": 128,
       "hidden_act": "silu", "attention_bias": false, "use_sliding_window": false,
       "sliding_window": 4096, "max_window_layers": 28}"""), GEMMA("GemmaForCausalLM", "gemma", """
      {"max_position_embeddings": 8192, "num_key_value_heads": 16, "head_dim": 256,
       "hidden_act": "gelu_pytorch_tanh", "attention_bias": false, "tie_word_embeddings": true,
       "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}"""), GEMMA2("Gemma2ForCausalLM", "gemma2", """
      {"max_position_embeddings": 8192, "num_key_value_heads": 4, "head_dim": 256,
       "hidden_activation": "gelu_pytorch_tanh", "attention_bias": false,
       "tie_word_embeddings": true, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
       "sliding_window": 4096, "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50,
       "final_logit_softcapping": 30}"""), GEMMA3("Gemma3ForCausalLM", "gemma3_text", """
      {"max_position_embeddings": 131072, "num_key_value_heads": 4, "head_dim": 256,
       "hidden_activation": "gelu_pytorch_tanh", "attention_bias": false,
       "tie_word_embeddings": true, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
       "sliding_window": 4096, "sliding_window_pattern": 6, "query_pre_attn_scalar": 256,
       "final_logit_softcapping": null, "rope_theta": 1e6, "rope_local_base_freq": 1e4}""");

  /** Its class in transformers. */
  public final String className;

  /** Its {@code model_type}. */
  public final String modelType;

  /** What its configuration class puts for absent keys. */
  final JsonObject defaults = Json.parse("{\"rms_norm_eps\": 1e-6, \"rope_theta\": 1e4}").getAsJsonObject();

  Architecture(String className, String modelType, String options) {
    this.className = className;
    this.modelType = modelType;
    Json.parse(options).getAsJsonObject().asMap().forEach(defaults::add);
  }

  /** Whether its configuration class has this option. */
  public boolean has(String option) {
    return defaults.has(option);
  }

  /** Norms by 1 + weight, embeddings times the square root of their width. */
  boolean isGemma() {
    return this == GEMMA || this == GEMMA2 || this == GEMMA3;
  }

  /**
   * What {@code architectures} or, without it, {@code model_type} names.
   *
   * @throws CheckpointException if it is unknown, or they contradict each other
   */
  static Architecture of(JsonFields config) {
    Optional<String> type = config.string("model_type");
    Optional<String> name = config.element("architectures").map(list -> onlyName(list, config));
    require(name.isPresent() || type.isPresent(),
        "%s has neither \"architectures\" nor \"model_type\"; it is not the config.json of a language model.",
        config.origin());
    Architecture found = Arrays.stream(values())
      .filter(known -> name.map(known.className::equals).orElseGet(() -> known.modelType.equals(type.get())))
      .findFirst()
      .orElseThrow(() -> new CheckpointException("%s: the architecture \"%s\" is not known; known are %s.".formatted(
          config.origin(), name.or(() -> type).get(),
          Arrays.stream(values()).map(known -> known.className).collect(Collectors.joining(", ")))));
    config.require(type.orElse(found.modelType).equals(found.modelType), "model_type",
        "\"%s\" beside %s".formatted(found.modelType, found.className));
    return found;
  }

  private static String onlyName(JsonElement list, JsonFields config) {
    boolean one = list instanceof JsonArray names && names.size() == 1 && names.get(0).isJsonPrimitive();
    config.require(one, "architectures", "a list of one name");
    return list.getAsString();
  }
}
