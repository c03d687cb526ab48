package org.coldstart.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.checkpoint.AttentionConfig;
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
    boolean sandwiched = config.norm().sandwiched();
    Norm before = norm(prefix + ".input_layernorm");
    Attention attention = attention(index, prefix + ".self_attn");
    // Where the norm after attention has no partner, it is in truth the one before feed-forward.
    Norm second = norm(prefix + ".post_attention_layernorm");
    return new DecoderLayer(
        before,
        attention,
        sandwiched ? second : Norm.NONE,
        sandwiched ? norm(prefix + ".pre_feedforward_layernorm") : second,
        feedForward(prefix + ".mlp"),
        sandwiched ? norm(prefix + ".post_feedforward_layernorm") : Norm.NONE);
  }

  Norm norm(String name) {
    return norm(name, config.hiddenSize());
  }

  private Norm norm(String name, long size) {
    return new RmsNorm(
        weights.load(source, name + ".weight", size),
        config.norm().eps(),
        config.norm().onePlusWeight());
  }

  private Attention attention(int index, String prefix) {
    AttentionConfig attention = config.attention();
    long hidden = config.hiddenSize();
    long queries = (long) attention.heads() * attention.headDim();
    long keys = (long) attention.keyValueHeads() * attention.headDim();
    boolean bias = attention.inputBias();
    return new Attention(
        index,
        attention,
        linear(prefix + ".q_proj", queries, hidden, bias),
        linear(prefix + ".k_proj", keys, hidden, bias),
        linear(prefix + ".v_proj", keys, hidden, bias),
        linear(prefix + ".o_proj", hidden, queries, attention.outputBias()),
        attention.queryKeyNorm() ? norm(prefix + ".q_norm", attention.headDim()) : Norm.NONE,
        attention.queryKeyNorm() ? norm(prefix + ".k_norm", attention.headDim()) : Norm.NONE);
  }

  private FeedForward feedForward(String prefix) {
    long hidden = config.hiddenSize();
    long inner = config.feedForward().intermediateSize();
    boolean bias = config.feedForward().bias();
    return new FeedForward(
        config.feedForward().activation(),
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
