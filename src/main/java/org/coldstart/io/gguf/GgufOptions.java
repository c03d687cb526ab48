package org.coldstart.io.gguf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;

/**
 * Translates a decoder's configuration into the metadata of a GGUF file: the inverse of {@link GgufConfig}. What
 * llama.cpp would compute otherwise is refused.
 */
final class GgufOptions {

  /** The types that are written, by llama.cpp's number for a file of them (enum llama_ftype). */
  private static final Map<StoredType, Integer> FILE_TYPES = Map.of(StoredType.F32, 0, StoredType.F16, 1,
      StoredType.Q4_0, 2, StoredType.Q4_1, 3, StoredType.Q8_0, 7, StoredType.BF16, 32);

  private final ModelConfig config;
  private final AttentionConfig attention;
  private final RopeParameters sliding;
  private final String architecture;
  private final boolean gemma3;
  private final Map<String, Object> metadata = new LinkedHashMap<>();

  private GgufOptions(ModelConfig config) {
    this.config = config;
    this.attention = config.attention();
    this.sliding = attention.ropes().get(LayerType.SLIDING_ATTENTION);
    this.architecture = architecture(config);
    this.gemma3 = architecture.equals("gemma3");
  }

  /** The metadata of a model whose matrices are stored in {@code type}. */
  static Map<String, Object> of(ModelConfig config, StoredType type) {
    GgufOptions options = new GgufOptions(config);
    options.check();
    options.metadata.put("general.architecture", options.architecture);
    options.metadata.put("general.type", "model");
    options.metadata.put("general.file_type", FILE_TYPES.get(type));
    options.metadata.put("general.quantization_version", 2);
    options.write();
    return options.metadata;
  }

  /** llama.cpp's name of the architecture; a Mistral is a Llama there. */
  static String architecture(ModelConfig config) {
    return GgufConfig.ARCHITECTURES.entrySet()
      .stream()
      .filter(known -> known.getValue().className.equals(config.architecture()))
      .findFirst()
      .map(Map.Entry::getKey)
      .orElse("llama");
  }

  private void check() {
    boolean gemma = config.norm().onePlusWeight();
    boolean llama = architecture.equals("llama");
    refuseIf(config.feedForward().activation() != (gemma ? Activation.GELU_TANH : Activation.SILU), "hidden_act");
    refuseIf(attention.outputBias() && !llama || attention.inputBias() && !List.of("llama", "qwen2").contains(architecture),
        "attention_bias");
    refuseIf(gemma && !config.tieWordEmbeddings(), "tie_word_embeddings");
    refuseIf(attention.rope().type() == RopeParameters.Type.LLAMA3 && !llama
        || gemma3 && sliding.type() != RopeParameters.Type.DEFAULT, "rope_scaling");
    boolean large = GgufConfig.isLarge(architecture, config.numHiddenLayers());
    double width = large ? (double) config.hiddenSize() / attention.heads() : attention.headDim();
    refuseIf(Math.abs(attention.scale() * Math.sqrt(width) - 1) > 1e-6, "query_pre_attn_scalar");
    boolean capped = attention.scoreSoftcap() != null && config.logitSoftcap() != null;
    refuseIf(architecture.equals("gemma2") && !capped, "attn_logit_softcapping or final_logit_softcapping");
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      boolean slides = attention.layerTypes().get(layer) == LayerType.SLIDING_ATTENTION;
      refuseIf(slides != (pattern() > 1 && (layer + 1) % pattern() != 0), "sliding_window");
    }
  }

  /** Every n-th layer attends to everything, where the architecture has windows; else 1. */
  private int pattern() {
    int full = attention.layerTypes().indexOf(LayerType.FULL_ATTENTION);
    return gemma3 ? full < 0 ? Math.max(6, config.numHiddenLayers() + 1) : full + 1
        : architecture.equals("gemma2") ? 2 : 1;
  }

  private void write() {
    put("vocab_size", config.vocabSize());
    put("context_length", config.maxPositionEmbeddings());
    put("embedding_length", config.hiddenSize());
    put("block_count", config.numHiddenLayers());
    put("feed_forward_length", config.feedForward().intermediateSize());
    put("attention.head_count", attention.heads());
    put("attention.head_count_kv", attention.keyValueHeads());
    put("attention.key_length", attention.headDim());
    put("attention.value_length", attention.headDim());
    put("attention.layer_norm_rms_epsilon", config.norm().eps());
    put("rope.dimension_count", attention.headDim());
    put("rope.freq_base", attention.rope().theta());
    boolean linear = attention.rope().type() == RopeParameters.Type.LINEAR;
    put("rope.scaling.type", linear ? "linear" : null);
    put("rope.scaling.factor", linear ? attention.rope().factor() : null);
    put("rope.freq_base_swa", gemma3 ? sliding.theta() : null);
    put("attention.sliding_window_pattern", gemma3 ? pattern() : null);
    put("attention.sliding_window", pattern() > 1 ? attention.slidingWindow() : null);
    put("attn_logit_softcapping", attention.scoreSoftcap());
    put("final_logit_softcapping", config.logitSoftcap());
  }

  /** Fractions are f32; null is left out. */
  private void put(String key, Object value) {
    if (value != null) {
      metadata.put(architecture + "." + key, value instanceof Double number ? number.floatValue() : value);
    }
  }

  private void refuseIf(boolean foreign, String option) {
    CheckpointException.require(!foreign, "llama.cpp computes a %s without regard to what \"%s\" says here, so that a"
        + " GGUF file of it would be another model; save it for transformers with Pretrained.save.",
        config.architecture(), option);
  }
}
