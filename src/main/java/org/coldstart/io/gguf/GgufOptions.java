package org.coldstart.io.gguf;

import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.io.config.Architecture;
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
  private final ModelConfig config;
  private final AttentionConfig attention;
  private final String architecture;
  private final Map<String, Object> metadata = new LinkedHashMap<>();

  private GgufOptions(ModelConfig config) {
    this.config = config;
    this.attention = config.attention();
    this.architecture = config.architecture().equals(Architecture.MISTRAL.className) ? "llama"
        : GgufConfig.ARCHITECTURES.entrySet()
          .stream()
          .filter(known -> known.getValue().className.equals(config.architecture()))
          .findFirst()
          .map(Map.Entry::getKey)
          .orElseThrow(() -> refused("a " + config.architecture()));
  }

  /** The metadata of a model whose matrices are stored in {@code type}. */
  static Map<String, Object> of(ModelConfig config, StoredType type) {
    GgufOptions options = new GgufOptions(config);
    options.check();
    options.metadata.put("general.architecture", options.architecture);
    options.metadata.put("general.type", "model");
    options.metadata.put("general.file_type", fileType(type));
    options.metadata.put("general.quantization_version", 2);
    options.write();
    return options.metadata;
  }

  /** llama.cpp's enum llama_ftype. */
  private static int fileType(StoredType type) {
    return switch (type) {
    case F32 -> 0;
    case F16 -> 1;
    case Q4_0 -> 2;
    case Q4_1 -> 3;
    case Q8_0 -> 7;
    case BF16 -> 32;
    default -> throw new IllegalArgumentException(type + " is not written.");
    };
  }

  private void check() {
    boolean gemma = config.norm().onePlusWeight();
    boolean llama = architecture.equals("llama");
    refuseIf(config.feedForward().activation() != (gemma ? Activation.GELU_TANH : Activation.SILU),
        "the activation " + config.feedForward().activation());
    refuseIf(!llama && (attention.outputBias() || config.feedForward().bias())
        || attention.inputBias() && !llama && !architecture.equals("qwen2"), "these biases");
    refuseIf(gemma && !config.tieWordEmbeddings(), "a head that is not the embedding");
    refuseIf(attention.rope().type() == RopeParameters.Type.LLAMA3 && !llama, "the rope_type llama3");
    refuseIf(attention.ropes().get(LayerType.SLIDING_ATTENTION).type() != RopeParameters.Type.DEFAULT
        && architecture.equals("gemma3"), "stretched positions in sliding layers");
    double width = GgufConfig.isLarge(config.numHiddenLayers(), architecture)
        ? (double) config.hiddenSize() / attention.heads()
        : attention.headDim();
    refuseIf(Math.abs(attention.scale() * Math.sqrt(width) - 1) > 1e-6,
        "a query_pre_attn_scalar other than " + Math.round(width));
    refuseIf(architecture.equals("gemma2") && (attention.scoreSoftcap() == null || config.logitSoftcap() == null),
        "no soft caps");
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      boolean sliding = attention.layerTypes().get(layer) == LayerType.SLIDING_ATTENTION;
      refuseIf(sliding != (pattern() > 1 && (layer + 1) % pattern() != 0),
          sliding ? "a sliding window in layer " + layer : "full attention in layer " + layer);
    }
  }

  /** Every n-th layer attends to everything, where the architecture has windows; else 1. */
  private int pattern() {
    int full = attention.layerTypes().indexOf(LayerType.FULL_ATTENTION);
    return switch (architecture) {
    case "gemma2" -> 2;
    case "gemma3" -> full >= 0 ? full + 1 : Math.max(6, config.numHiddenLayers() + 1);
    default -> 1;
    };
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
    put("attention.layer_norm_rms_epsilon", (float) config.norm().eps());
    put("rope.dimension_count", attention.headDim());
    put("rope.freq_base", (float) attention.rope().theta());
    if (attention.rope().type() == RopeParameters.Type.LINEAR) {
      put("rope.scaling.type", "linear");
      put("rope.scaling.factor", (float) attention.rope().factor());
    }
    if (architecture.equals("gemma3")) {
      put("rope.freq_base_swa", (float) attention.ropes().get(LayerType.SLIDING_ATTENTION).theta());
      put("attention.sliding_window_pattern", pattern());
    }
    if (pattern() > 1) {
      put("attention.sliding_window", attention.slidingWindow());
    }
    if (attention.scoreSoftcap() != null) {
      put("attn_logit_softcapping", attention.scoreSoftcap().floatValue());
    }
    if (config.logitSoftcap() != null) {
      put("final_logit_softcapping", config.logitSoftcap().floatValue());
    }
  }

  private void put(String key, Object value) {
    metadata.put(architecture + "." + key, value);
  }

  private void refuseIf(boolean foreign, String what) {
    if (foreign) {
      throw refused(what);
    }
  }

  private CheckpointException refused(String what) {
    return new CheckpointException(
        "This %s has %s, for which llama.cpp and its GGUF files have no form; save it for transformers with Pretrained.save."
          .formatted(config.architecture(), what));
  }
}
