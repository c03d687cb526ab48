package org.coldstart.io.gguf;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.coldstart.io.config.Architecture;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;

/**
 * Translates the metadata of a decoder in GGUF into the {@code config.json} that Hugging Face would have beside it.
 */
final class GgufConfig {
  private static final Map<String, Architecture> ARCHITECTURES = new TreeMap<>(
      Map.of("llama", Architecture.LLAMA, "qwen2", Architecture.QWEN2, "qwen3", Architecture.QWEN3, "gemma",
          Architecture.GEMMA, "gemma2", Architecture.GEMMA2, "gemma3", Architecture.GEMMA3));

  /** Keys that change no result. */
  private static final String IGNORED = "rope.scaling.original_context_length rope.scaling.finetuned vocab_size tensor_data_layout"
      + " expert_used_count";

  private final GgufMetadata metadata;
  private final Map<String, StoredTensor> tensors;
  private final Architecture architecture;
  private final String prefix;
  private final JsonObject json = new JsonObject();

  /** The architecture's keys that have not been read yet: what is left in the end is refused. */
  private final Set<String> unread;

  private GgufConfig(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
    this.metadata = metadata;
    this.tensors = tensors;
    String key = "general.architecture";
    String name = metadata.string(key).orElseThrow(() -> missing(key));
    this.architecture = ARCHITECTURES.get(name);
    require(architecture != null, "%s: the architecture \"%s\" is not known; known in GGUF are %s.", metadata.origin(),
        name, String.join(", ", ARCHITECTURES.keySet()));
    this.prefix = name + ".";
    this.unread = new TreeSet<>(metadata.keys());
    unread.removeIf(option -> !option.startsWith(prefix));
    for (String ignored : IGNORED.split(" ")) {
      own(ignored);
    }
  }

  /**
   * @param tensors by their names in the file
   */
  static ModelConfig read(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
    return new GgufConfig(metadata, tensors).read();
  }

  /** What the metadata says about ending a text: the end of text, of a turn, of a message. */
  static GenerationConfig generationConfig(GgufMetadata metadata) {
    JsonObject json = new JsonObject();
    JsonArray ends = new JsonArray();
    Stream.of("eos", "eot", "eom")
      .flatMapToLong(end -> metadata.integer(tokenKey(end)).stream())
      .distinct()
      .forEach(ends::add);
    json.add("eos_token_id", ends);
    metadata.integer(tokenKey("bos")).ifPresent(id -> json.addProperty("bos_token_id", id));
    metadata.integer(tokenKey("padding")).ifPresent(id -> json.addProperty("pad_token_id", id));
    return GenerationConfig.fromJson(json, metadata.origin());
  }

  private ModelConfig read() {
    json.addProperty("model_type", architecture.modelType);
    addSizes();
    addRope();
    if (architecture == Architecture.GEMMA2 || architecture == Architecture.GEMMA3) {
      addGemma();
    }
    String eps = own("attention.layer_norm_rms_epsilon");
    json.addProperty("rms_norm_eps", metadata.number(eps).orElseThrow(() -> missing(eps)));
    json.addProperty("tie_word_embeddings", !tensors.containsKey("output.weight"));
    json.addProperty("attention_bias", tensors.containsKey("blk.0.attn_q.bias"));
    json.addProperty("mlp_bias", tensors.containsKey("blk.0.ffn_gate.bias"));
    addTokenId("bos_token_id", "bos");
    addTokenId("eos_token_id", "eos");
    addTokenId("pad_token_id", "padding");
    refuseUnless("expert_count", 0);
    if (!metadata.bool(own("attention.causal")).orElse(true)) {
      refuse("attention.causal", false);
    }
    require(unread.isEmpty(), "%s: options %s are not implemented, and ignoring them could change the results.",
        metadata.origin(), unread);
    return ModelConfig.fromJson(json, metadata.origin());
  }

  private void addSizes() {
    int heads = size("attention.head_count");
    int headDim = optionalSize("attention.key_length").orElseGet(() -> size("embedding_length") / Math.max(heads, 1));
    refuseUnless("attention.value_length", headDim);
    refuseUnless("rope.dimension_count", headDim);
    // The embedding has a row for each token; padded vocabularies have more rows than tokens.
    StoredTensor embedding = tensors.get("token_embd.weight");
    require(embedding != null, "%s: tensor \"token_embd.weight\" is missing; it holds a vocabulary only, or is cut.",
        metadata.origin());
    json.addProperty("vocab_size", embedding.info().shape().get(0));
    json.addProperty("hidden_size", size("embedding_length"));
    json.addProperty("intermediate_size", size("feed_forward_length"));
    json.addProperty("num_hidden_layers", size("block_count"));
    json.addProperty("num_attention_heads", heads);
    json.addProperty("num_key_value_heads", optionalSize("attention.head_count_kv").orElse(heads));
    json.addProperty("head_dim", headDim);
    json.addProperty("max_position_embeddings", size("context_length"));
  }

  private void addRope() {
    double theta = number("rope.freq_base", 10_000);
    json.addProperty("rope_theta", theta);
    if (architecture == Architecture.GEMMA3) {
      json.addProperty("rope_local_base_freq", number("rope.freq_base_swa", 10_000));
    }
    StoredTensor table = tensors.get("rope_freqs.weight");
    if (table != null) {
      GgufLayout.ropeScaling(table, theta, json.get("head_dim").getAsInt())
        .ifPresent(scaling -> json.add("rope_scaling", scaling));
    }
    String type = metadata.string(own("rope.scaling.type")).orElse("none");
    double factor = number("rope.scaling.factor", number("rope.scale_linear", 1));
    if (type.equals("linear") || type.equals("none") && factor != 1) {
      if (table != null) {
        refuse("rope.scaling.type", type + "\" beside a tensor \"rope_freqs.weight");
      }
      JsonObject scaling = new JsonObject();
      scaling.addProperty("rope_type", "linear");
      scaling.addProperty("factor", factor);
      json.add("rope_scaling", scaling);
    } else if (!type.equals("none")) {
      refuse("rope.scaling.type", type);
    }
  }

  /**
   * Soft caps, windows and the scale of attention. The file does not hold the scale: llama.cpp takes the width of a
   * head, for the two models of 27 billion parameters hidden size / heads, and knows those by their number of layers.
   */
  private void addGemma() {
    boolean second = architecture == Architecture.GEMMA2;
    boolean large = size("block_count") == (second ? 46 : 62);
    json.addProperty("query_pre_attn_scalar",
        large ? size("embedding_length") / Math.max(size("attention.head_count"), 1) : json.get("head_dim").getAsInt());
    if (second) {
      addSoftcap("attn_logit_softcapping");
    }
    addSoftcap("final_logit_softcapping");
    Optional<Integer> window = optionalSize("attention.sliding_window").filter(size -> size > 0);
    window.ifPresent(size -> json.addProperty("sliding_window", size));
    if (!second) {
      int pattern = optionalSize("attention.sliding_window_pattern").orElse(6);
      // Without a window all layers have full attention.
      json.addProperty("sliding_window_pattern", window.isEmpty() ? 1 : pattern);
    }
  }

  private void addSoftcap(String key) {
    metadata.number(own(key)).ifPresent(value -> json.addProperty(key, value));
  }

  /** An absent id is written as null, for an absent key would mean the default of transformers. */
  private void addTokenId(String key, String which) {
    OptionalLong id = metadata.integer(tokenKey(which));
    json.add(key, id.isPresent() ? new JsonPrimitive(id.getAsLong()) : JsonNull.INSTANCE);
  }

  private static String tokenKey(String which) {
    return "tokenizer.ggml." + which + "_token_id";
  }

  /** The whole name of a key of the architecture, which counts as read. */
  private String own(String key) {
    unread.remove(prefix + key);
    return prefix + key;
  }

  private double number(String key, double usual) {
    return metadata.number(own(key)).orElse(usual);
  }

  private int size(String key) {
    return optionalSize(key).orElseThrow(() -> missing(prefix + key));
  }

  private Optional<Integer> optionalSize(String key) {
    OptionalLong value = metadata.integer(own(key));
    if (value.isEmpty()) {
      return Optional.empty();
    }
    long size = value.getAsLong();
    require(size >= 0 && size <= Integer.MAX_VALUE, "%s: \"%s%s\" is %d, which makes no sense.", metadata.origin(),
        prefix, key, size);
    return Optional.of((int) size);
  }

  private CheckpointException missing(String key) {
    return new CheckpointException("%s: \"%s\" is missing.".formatted(metadata.origin(), key));
  }

  private void refuseUnless(String key, int fine) {
    optionalSize(key).filter(value -> value != fine).ifPresent(value -> refuse(key, value));
  }

  private void refuse(String key, Object value) {
    throw new CheckpointException(
        "%s: option \"%s%s\" = \"%s\" is not implemented, and ignoring it would change the results."
          .formatted(metadata.origin(), prefix, key, value));
  }
}
