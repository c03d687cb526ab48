package org.coldstart.io.gguf;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.coldstart.io.config.Architecture;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;

/**
 * Translates the metadata of a decoder in GGUF into the {@code config.json} that Hugging Face would have beside it.
 */
final class GgufConfig {
  static final String ROPE_TABLE = "rope_freqs.weight";

  /** By llama.cpp's names. */
  static final Map<String, Architecture> ARCHITECTURES = new TreeMap<>(
      Map.of("llama", Architecture.LLAMA, "qwen2", Architecture.QWEN2, "qwen3", Architecture.QWEN3, "gemma",
          Architecture.GEMMA, "gemma2", Architecture.GEMMA2, "gemma3", Architecture.GEMMA3));

  /** Keys that change no result. */
  private static final String IGNORED = "rope.scaling.original_context_length rope.scaling.finetuned vocab_size"
      + " tensor_data_layout expert_used_count";

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
    Stream.of(IGNORED.split(" ")).forEach(this::own);
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
    Stream.of("eos", "eot", "eom").flatMap(end -> tokenId(metadata, end)).distinct().forEach(ends::add);
    json.add("eos_token_id", ends);
    tokenId(metadata, "bos").forEach(id -> json.addProperty("bos_token_id", id));
    tokenId(metadata, "padding").forEach(id -> json.addProperty("pad_token_id", id));
    return GenerationConfig.fromJson(json, metadata.origin());
  }

  private static Stream<Long> tokenId(GgufMetadata metadata, String which) {
    return metadata.integer("tokenizer.ggml." + which + "_token_id").stream().boxed();
  }

  private ModelConfig read() {
    json.addProperty("model_type", architecture.modelType);
    copy("block_count", "num_hidden_layers", null);
    copy("feed_forward_length", "intermediate_size", null);
    copy("context_length", "max_position_embeddings", null);
    copy("attention.layer_norm_rms_epsilon", "rms_norm_eps", null);
    int hidden = copy("embedding_length", "hidden_size", null).intValue();
    int heads = copy("attention.head_count", "num_attention_heads", null).intValue();
    copy("attention.head_count_kv", "num_key_value_heads", heads);
    int headDim = copy("attention.key_length", "head_dim", hidden / Math.max(heads, 1)).intValue();
    refuseUnless("attention.value_length", headDim);
    refuseUnless("rope.dimension_count", headDim);
    refuseUnless("expert_count", 0);
    addRope(headDim);
    if (architecture.has("query_pre_attn_scalar")) {
      addGemma(hidden / Math.max(heads, 1), headDim);
    }
    // The embedding has a row for each token; padded vocabularies have more rows than tokens.
    StoredTensor embedding = tensors.get("token_embd.weight");
    require(embedding != null, "%s: tensor \"token_embd.weight\" is missing; it holds a vocabulary only, or is cut.",
        metadata.origin());
    json.addProperty("vocab_size", embedding.info().shape().get(0));
    json.addProperty("tie_word_embeddings", !tensors.containsKey("output.weight"));
    json.addProperty("attention_bias", tensors.containsKey("blk.0.attn_q.bias"));
    json.addProperty("mlp_bias", tensors.containsKey("blk.0.ffn_gate.bias"));
    // An absent id is written as null, for an absent key would mean the default of transformers.
    json.addProperty("bos_token_id", tokenId(metadata, "bos").findFirst().orElse(null));
    json.addProperty("eos_token_id", tokenId(metadata, "eos").findFirst().orElse(null));
    json.addProperty("pad_token_id", tokenId(metadata, "padding").findFirst().orElse(null));
    if (!metadata.bool(own("attention.causal")).orElse(true)) {
      throw refused("attention.causal", false);
    }
    require(unread.isEmpty(), "%s: options %s are not implemented, and ignoring them could change the results.",
        metadata.origin(), unread);
    return ModelConfig.fromJson(json, metadata.origin());
  }

  private void addRope(int headDim) {
    double theta = copy("rope.freq_base", "rope_theta", 1e4).doubleValue();
    if (architecture.has("rope_local_base_freq")) {
      copy("rope.freq_base_swa", "rope_local_base_freq", 1e4);
    }
    StoredTensor table = tensors.get(ROPE_TABLE);
    RopeParameters rope = table == null ? RopeParameters.plain(theta) : llama3(table, theta, headDim);
    String type = metadata.string(own("rope.scaling.type")).orElse("none");
    double scale = metadata.number(own("rope.scale_linear")).orElse(1).doubleValue();
    double factor = metadata.number(own("rope.scaling.factor")).orElse(scale).doubleValue();
    if (type.equals("linear") || type.equals("none") && factor != 1) {
      if (table != null) {
        throw refused("rope.scaling.type", type + "\" beside a tensor \"" + ROPE_TABLE);
      }
      rope = RopeParameters.linear(theta, factor);
    } else if (!type.equals("none")) {
      throw refused("rope.scaling.type", type);
    }
    json.add("rope_scaling", rope.scaling());
  }

  /**
   * The parameters behind {@value #ROPE_TABLE}; plain ones for a table of ones. llama.cpp's converter writes only what
   * each frequency is divided by; Llama 3.1 to 3.3 all use low 1, high 4 and an original length of 8192, with a factor
   * of 8 or 32, and the factor is the largest entry. A table that these do not reproduce is refused.
   */
  private static RopeParameters llama3(StoredTensor table, double theta, int headDim) {
    long entries = table.info().elements();
    require(entries == headDim / 2, "The rotary table %s in %s has %d entries for heads of %d.", ROPE_TABLE,
        table.file().path(), entries, headDim);
    FloatBuffer divisors = FloatBuffer.allocate((int) entries);
    table.read(0, divisors);
    double factor = 1;
    for (float divisor : divisors.array()) {
      factor = Math.max(factor, divisor);
    }
    RopeParameters rope = factor == 1 ? RopeParameters.plain(theta)
        : new RopeParameters(RopeParameters.Type.LLAMA3, theta, factor, 1, 4, 8192);
    for (int i = 0; i < entries; i++) {
      double expected = rope.stretch(2 * Math.PI * Math.pow(theta, (double) i / entries));
      require(Math.abs(divisors.get(i) - expected) <= 1e-5 * expected,
          "The rotary table %s in %s is not that of a Llama 3 (entry %d is %s instead of %s), so its rope scaling is"
              + " unknown. Use the safetensors checkpoint.",
          ROPE_TABLE, table.file().path(), i, divisors.get(i), expected);
    }
    return rope;
  }

  /**
   * Soft caps, windows and the scale of attention. The file does not hold the scale: llama.cpp takes the width of a
   * head, for the two models of 27 billion parameters hidden size / heads, and knows those by their number of layers.
   */
  private void addGemma(int hiddenPerHead, int headDim) {
    boolean large = isLarge(prefix.replace(".", ""), json.get("num_hidden_layers").getAsInt());
    json.addProperty("query_pre_attn_scalar", large ? hiddenPerHead : headDim);
    for (String key : new String[] {"attn_logit_softcapping", "final_logit_softcapping"}) {
      if (architecture.has(key)) {
        metadata.number(own(key)).ifPresent(value -> json.addProperty(key, value));
      }
    }
    boolean windowed = copy("attention.sliding_window", "sliding_window", 0).longValue() > 0;
    if (!windowed) {
      json.remove("sliding_window");
    }
    if (architecture.has("sliding_window_pattern")) {
      Number pattern = copy("attention.sliding_window_pattern", "sliding_window_pattern", 6);
      // Without a window all layers have full attention.
      json.addProperty("sliding_window_pattern", windowed ? pattern : 1);
    }
  }

  /** Whether it is one of the two models of 27 billion parameters, to llama.cpp. */
  static boolean isLarge(String architecture, int layers) {
    return architecture.equals("gemma2") && layers == 46 || architecture.equals("gemma3") && layers == 62;
  }

  /** The whole name of a key of the architecture, which counts as read. */
  private String own(String key) {
    unread.remove(prefix + key);
    return prefix + key;
  }

  /**
   * Puts a number under its name in {@code config.json}.
   *
   * @param usual what an absent one counts as; null if it must be there
   */
  private Number copy(String key, String name, Number usual) {
    Number value = metadata.number(own(key)).orElse(usual);
    if (value == null) {
      throw missing(prefix + key);
    }
    require(value.doubleValue() >= 0 && value.doubleValue() <= Integer.MAX_VALUE,
        "%s: \"%s%s\" is %s, which makes no sense.", metadata.origin(), prefix, key, value);
    json.addProperty(name, value);
    return value;
  }

  private CheckpointException missing(String key) {
    return new CheckpointException("%s: \"%s\" is missing.".formatted(metadata.origin(), key));
  }

  private void refuseUnless(String key, long fine) {
    metadata.integer(own(key)).stream().filter(value -> value != fine).forEach(value -> { throw refused(key, value); });
  }

  private CheckpointException refused(String key, Object value) {
    return new CheckpointException(
        "%s: option \"%s%s\" = \"%s\" is not implemented, and ignoring it would change the results."
          .formatted(metadata.origin(), prefix, key, value));
  }
}
