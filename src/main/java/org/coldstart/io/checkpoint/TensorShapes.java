package org.coldstart.io.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors that a decoder of a configuration has, by their Hugging Face names. */
final class TensorShapes {
  private final ModelConfig config;
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  TensorShapes(ModelConfig config) {
    this.config = config;
  }

  Map<String, List<Long>> all() {
    add("model.embed_tokens.weight", config.vocabSize(), config.hiddenSize());
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      layer("model.layers." + layer + ".");
    }
    add("model.norm.weight", config.hiddenSize());
    if (!config.tieWordEmbeddings()) {
      add("lm_head.weight", config.vocabSize(), config.hiddenSize());
    }
    return shapes;
  }

  private void layer(String layer) {
    add(layer + "input_layernorm.weight", config.hiddenSize());
    attention(layer + "self_attn.");
    add(layer + "post_attention_layernorm.weight", config.hiddenSize());
    if (config.norm().sandwiched()) {
      add(layer + "pre_feedforward_layernorm.weight", config.hiddenSize());
      add(layer + "post_feedforward_layernorm.weight", config.hiddenSize());
    }
    feedForward(layer + "mlp.");
  }

  private void attention(String prefix) {
    AttentionConfig attention = config.attention();
    long hidden = config.hiddenSize();
    long queries = (long) attention.heads() * attention.headDim();
    long keys = (long) attention.keyValueHeads() * attention.headDim();
    linear(prefix + "q_proj", queries, hidden, attention.inputBias());
    linear(prefix + "k_proj", keys, hidden, attention.inputBias());
    linear(prefix + "v_proj", keys, hidden, attention.inputBias());
    linear(prefix + "o_proj", hidden, queries, attention.outputBias());
    if (attention.queryKeyNorm()) {
      add(prefix + "q_norm.weight", attention.headDim());
      add(prefix + "k_norm.weight", attention.headDim());
    }
  }

  private void feedForward(String prefix) {
    long hidden = config.hiddenSize();
    long inner = config.feedForward().intermediateSize();
    boolean bias = config.feedForward().bias();
    linear(prefix + "gate_proj", inner, hidden, bias);
    linear(prefix + "up_proj", inner, hidden, bias);
    linear(prefix + "down_proj", hidden, inner, bias);
  }

  private void linear(String name, long out, long in, boolean bias) {
    add(name + ".weight", out, in);
    if (bias) {
      add(name + ".bias", out);
    }
  }

  private void add(String name, long size) {
    shapes.put(name, List.of(size));
  }

  private void add(String name, long rows, long columns) {
    shapes.put(name, List.of(rows, columns));
  }
}
