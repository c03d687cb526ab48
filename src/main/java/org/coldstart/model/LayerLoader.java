package org.coldstart.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.checkpoint.ModelConfig;
import org.coldstart.checkpoint.TensorSource;

/** Builds the parts of a decoder from a checkpoint's tensors, checking the shape of each. */
final class LayerLoader {

  private final ModelConfig config;
  private final TensorSource source;
  private final Weights weights;
  private final Map<String, Linear> linears = new LinkedHashMap<>();

  LayerLoader(ModelConfig config, TensorSource source, Weights weights) {
    this.config = config;
    this.source = source;
    this.weights = weights;
  }

  DecoderLayer layer(int index) {
    String prefix = "model.layers." + index;
    return new DecoderLayer(
        norm(prefix + ".input_layernorm"),
        attention(index, prefix + ".self_attn"),
        norm(prefix + ".post_attention_layernorm"),
        feedForward(prefix + ".mlp"));
  }

  RmsNorm norm(String name) {
    return new RmsNorm(
        weights.load(source, name + ".weight", config.hiddenSize()), config.rmsNormEps());
  }

  private Attention attention(int index, String prefix) {
    long hidden = config.hiddenSize();
    long queries = (long) config.numAttentionHeads() * config.headDim();
    long keys = (long) config.numKeyValueHeads() * config.headDim();
    boolean bias = config.attentionBias();
    return new Attention(
        index,
        config.numAttentionHeads(),
        config.numKeyValueHeads(),
        linear(prefix + ".q_proj", queries, hidden, bias),
        linear(prefix + ".k_proj", keys, hidden, bias),
        linear(prefix + ".v_proj", keys, hidden, bias),
        linear(prefix + ".o_proj", hidden, queries, bias));
  }

  private FeedForward feedForward(String prefix) {
    long hidden = config.hiddenSize();
    long inner = config.intermediateSize();
    boolean bias = config.mlpBias();
    return new FeedForward(
        linear(prefix + ".gate_proj", inner, hidden, bias),
        linear(prefix + ".up_proj", inner, hidden, bias),
        linear(prefix + ".down_proj", hidden, inner, bias));
  }

  private Linear linear(String name, long out, long in, boolean bias) {
    Linear linear =
        new Linear(
            weights.load(source, name + ".weight", out, in),
            bias ? weights.load(source, name + ".bias", out) : null);
    linears.put(name, linear);
    return linear;
  }

  /** The linear layers built so far, by name, in the order of the forward pass. */
  Map<String, Linear> linears() {
    return linears;
  }
}
