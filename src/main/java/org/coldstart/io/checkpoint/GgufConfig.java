package org.coldstart.io.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.coldstart.io.files.CheckpointException;

/**
 * Translates the metadata of a decoder in GGUF into the {@code config.json} that Hugging Face would
 * have beside it.
 */
final class GgufConfig {
  private static final Map<String, Architecture> ARCHITECTURES =
      Map.of(
          "llama", Architecture.LLAMA,
          "qwen2", Architecture.QWEN2,
          "qwen3", Architecture.QWEN3,
          "gemma", Architecture.GEMMA,
          "gemma2", Architecture.GEMMA2,
          "gemma3", Architecture.GEMMA3);

  /** All keys that are understood here, or that change no result. Another one is refused. */
  private static final Set<String> KEYS =
      Set.of(
          "block_count",
          "context_length",
          "embedding_length",
          "feed_forward_length",
          "attention.head_count",
          "attention.head_count_kv",
          "attention.key_length",
          "attention.value_length",
          "attention.layer_norm_rms_epsilon",
          "rope.freq_base",
          "rope.dimension_count",
          "rope.scaling.type",
          "rope.scaling.factor",
          "rope.scale_linear",
          "rope.scaling.original_context_length",
          "rope.scaling.finetuned",
          "vocab_size",
          "tensor_data_layout",
          "expert_count",
          "expert_used_count",
          "attention.causal");

  /** Those of Gemma 2 and 3 besides. */
  private static final Map<Architecture, Set<String>> MORE_KEYS =
      Map.of(
          Architecture.GEMMA2,
          Set.of("attention.sliding_window", "attn_logit_softcapping", "final_logit_softcapping"),
          Architecture.GEMMA3,
          Set.of(
              "attention.sliding_window",
              "attention.sliding_window_pattern",
              "final_logit_softcapping",
              "rope.freq_base_swa"));

  private final GgufMetadata metadata;
  private final Architecture architecture;
  private final String prefix;
  private final Map<String, StoredTensor> tensors;

  private GgufConfig(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
    this.metadata = metadata;
    this.tensors = tensors;
    String name =
        metadata.string("general.architecture").orElseThrow(() -> missing("general.architecture"));
    this.architecture =
        Optional.ofNullable(ARCHITECTURES.get(name)).orElseThrow(() -> unknown(name));
    this.prefix = name + ".";
  }

  /**
   * @param tensors by their names in the file
   */
  static ModelConfig read(GgufMetadata metadata, Map<String, StoredTensor> tensors) {
    return new GgufConfig(metadata, tensors).read();
  }

  /**
   * Tables of rotary frequencies follow from the configuration, so they are no weights of the
   * model.
   */
  static boolean isRopeTable(String ggufName) {
    return ggufName.equals("rope_freqs.weight") || ggufName.endsWith(".attn_rot_embd.weight");
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
    refuseUnknownOptions();
    JsonObject json = new JsonObject();
    json.add("architectures", new JsonArray());
    json.getAsJsonArray("architectures").add(architecture.className);
    json.addProperty("model_type", architecture.modelType);
    addSizes(json);
    addRope(json, json.get("head_dim").getAsInt());
    if (architecture == Architecture.GEMMA2 || architecture == Architecture.GEMMA3) {
      addGemma(json);
    }
    json.addProperty(
        "rms_norm_eps",
        metadata
            .number(prefix + "attention.layer_norm_rms_epsilon")
            .orElseThrow(() -> missing(prefix + "attention.layer_norm_rms_epsilon")));
    json.addProperty("tie_word_embeddings", !tensors.containsKey("output.weight"));
    json.addProperty("attention_bias", hasBias("attn_q"));
    json.addProperty("mlp_bias", hasBias("ffn_gate"));
    addTokenId(json, "bos_token_id", "bos");
    addTokenId(json, "eos_token_id", "eos");
    addTokenId(json, "pad_token_id", "padding");
    return ModelConfig.fromJson(json, metadata.origin());
  }

  private void addSizes(JsonObject json) {
    int heads = size("attention.head_count");
    int headDim =
        optionalSize("attention.key_length")
            .orElseGet(() -> size("embedding_length") / Math.max(heads, 1));
    optionalSize("attention.value_length")
        .filter(width -> width != headDim)
        .ifPresent(width -> refuse("attention.value_length", width));
    optionalSize("rope.dimension_count")
        .filter(width -> width != headDim)
        .ifPresent(width -> refuse("rope.dimension_count", width));
    json.addProperty("vocab_size", vocabulary());
    json.addProperty("hidden_size", size("embedding_length"));
    json.addProperty("intermediate_size", size("feed_forward_length"));
    json.addProperty("num_hidden_layers", size("block_count"));
    json.addProperty("num_attention_heads", heads);
    json.addProperty("num_key_value_heads", optionalSize("attention.head_count_kv").orElse(heads));
    json.addProperty("head_dim", headDim);
    json.addProperty("max_position_embeddings", size("context_length"));
  }

  private void addRope(JsonObject json, int headDim) {
    double theta = metadata.number(prefix + "rope.freq_base").orElse(10_000);
    if (architecture == Architecture.GEMMA3) {
      json.addProperty(
          "rope_local_base_freq", metadata.number(prefix + "rope.freq_base_swa").orElse(10_000));
    }
    json.addProperty("rope_theta", theta);
    String type = metadata.string(prefix + "rope.scaling.type").orElse("none");
    double factor =
        metadata
            .number(prefix + "rope.scaling.factor")
            .orElseGet(() -> metadata.number(prefix + "rope.scale_linear").orElse(1));
    StoredTensor table = tensors.get("rope_freqs.weight");
    if (table != null) {
      LlamaRopeTable.read(table, theta, headDim)
          .ifPresent(scaling -> json.add("rope_scaling", scaling));
    }
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
   * Soft caps, windows and the scale of scores. The file does not hold the scale: llama.cpp takes
   * the width of a head, for the two models of 27 billion parameters hidden size / heads, and knows
   * those by their number of layers.
   */
  private void addGemma(JsonObject json) {
    boolean second = architecture == Architecture.GEMMA2;
    int layers = size("block_count");
    json.addProperty(
        "query_pre_attn_scalar",
        layers == (second ? 46 : 62)
            ? size("embedding_length") / size("attention.head_count")
            : json.get("head_dim").getAsInt());
    if (second) {
      addNumber(json, "attn_logit_softcapping");
    }
    addNumber(json, "final_logit_softcapping");
    Optional<Integer> window = optionalSize("attention.sliding_window").filter(size -> size > 0);
    window.ifPresent(size -> json.addProperty("sliding_window", size));
    if (!second) {
      // Without a window all layers see everything.
      int pattern =
          window.isEmpty() ? 1 : optionalSize("attention.sliding_window_pattern").orElse(6);
      json.addProperty("sliding_window_pattern", pattern);
    }
  }

  private void addNumber(JsonObject json, String key) {
    metadata.number(prefix + key).ifPresent(value -> json.addProperty(key, value));
  }

  private void refuseUnknownOptions() {
    Set<String> known = new TreeSet<>(KEYS);
    known.addAll(MORE_KEYS.getOrDefault(architecture, Set.of()));
    Set<String> unknown = new TreeSet<>();
    for (String key : metadata.keys()) {
      if (key.startsWith(prefix) && !known.contains(key.substring(prefix.length()))) {
        unknown.add(key);
      }
    }
    if (!unknown.isEmpty()) {
      throw new CheckpointException(
          "Options "
              + unknown
              + " in "
              + metadata.origin()
              + " are not implemented, and ignoring them could change the model's results.");
    }
    optionalSize("expert_count")
        .filter(count -> count != 0)
        .ifPresent(count -> refuse("expert_count", count));
    metadata
        .bool(prefix + "attention.causal")
        .filter(causal -> !causal)
        .ifPresent(causal -> refuse("attention.causal", causal));
  }

  /** The embedding has a row for each token; padded vocabularies have more rows than tokens. */
  private long vocabulary() {
    StoredTensor embedding = tensors.get("token_embd.weight");
    if (embedding == null) {
      throw new CheckpointException(
          "Tensor \"token_embd.weight\" is missing in "
              + metadata.origin()
              + ": it holds a vocabulary only, or is incomplete.");
    }
    return embedding.info().shape().get(0);
  }

  private boolean hasBias(String module) {
    return tensors.containsKey("blk.0." + module + ".bias");
  }

  /** An absent id is written as null, for an absent key would mean the default of transformers. */
  private void addTokenId(JsonObject json, String key, String which) {
    OptionalLong id = metadata.integer(tokenKey(which));
    json.add(key, id.isPresent() ? new JsonPrimitive(id.getAsLong()) : JsonNull.INSTANCE);
  }

  private static String tokenKey(String which) {
    return "tokenizer.ggml." + which + "_token_id";
  }

  private int size(String key) {
    return optionalSize(key).orElseThrow(() -> missing(prefix + key));
  }

  private Optional<Integer> optionalSize(String key) {
    return metadata.integer(prefix + key).stream()
        .boxed()
        .findFirst()
        .map(
            value -> {
              if (value < 0 || value > Integer.MAX_VALUE) {
                throw new CheckpointException(
                    "Key \""
                        + prefix
                        + key
                        + "\" in "
                        + metadata.origin()
                        + " is "
                        + value
                        + ", which makes no sense.");
              }
              return value.intValue();
            });
  }

  private CheckpointException unknown(String name) {
    return new CheckpointException(
        "The architecture \""
            + name
            + "\" of "
            + metadata.origin()
            + " is not known; known in GGUF are "
            + String.join(", ", new TreeSet<>(ARCHITECTURES.keySet()))
            + ".");
  }

  private CheckpointException missing(String key) {
    return new CheckpointException("Key \"" + key + "\" is missing in " + metadata.origin() + ".");
  }

  private void refuse(String key, Object value) {
    throw new CheckpointException(
        "Option \""
            + prefix
            + key
            + "\" = \""
            + value
            + "\" in "
            + metadata.origin()
            + " is not implemented, and ignoring it would change the model's results.");
  }
}
