package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.io.config.AttentionConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.TorchOps;

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
    // Without sandwich norms, checkpoints call the norm before feed-forward "post attention".
    Norm second = norm(prefix + ".post_attention_layernorm");
    return new DecoderLayer(before, attention, sandwiched ? second : Norm.NONE,
        sandwiched ? norm(prefix + ".pre_feedforward_layernorm") : second, feedForward(prefix + ".mlp"),
        sandwiched ? norm(prefix + ".post_feedforward_layernorm") : Norm.NONE);
  }

  Norm norm(String name) {
    return norm(name, config.hiddenSize());
  }

  private Norm norm(String name, long size) {
    NDArray weight = weights.load(source, name + ".weight", size);
    return new Norm(weight, config.norm().eps(), config.norm().onePlusWeight());
  }

  private Attention attention(int index, String prefix) {
    AttentionConfig attention = config.attention();
    long hidden = config.hiddenSize();
    long queries = (long) attention.heads() * attention.headDim();
    long keys = (long) attention.keyValueHeads() * attention.headDim();
    Linear joint = room(queries + 2 * keys, hidden, attention.inputBias());
    return new Attention(index, attention, linear(prefix + ".q_proj", joint, 0, queries),
        linear(prefix + ".k_proj", joint, queries, keys), linear(prefix + ".v_proj", joint, queries + keys, keys),
        joint, linear(prefix + ".o_proj", hidden, queries, attention.outputBias()),
        attention.queryKeyNorm() ? norm(prefix + ".q_norm", attention.headDim()) : Norm.NONE,
        attention.queryKeyNorm() ? norm(prefix + ".k_norm", attention.headDim()) : Norm.NONE);
  }

  private FeedForward feedForward(String prefix) {
    long hidden = config.hiddenSize();
    long inner = config.feedForward().intermediateSize();
    boolean bias = config.feedForward().bias();
    Linear joint = room(2 * inner, hidden, bias);
    return new FeedForward(config.feedForward().activation(), linear(prefix + ".gate_proj", joint, 0, inner),
        linear(prefix + ".up_proj", joint, inner, inner), joint, linear(prefix + ".down_proj", hidden, inner, bias));
  }

  private Linear linear(String name, long out, long in, boolean bias) {
    return linear(name, room(out, in, bias), 0, out);
  }

  /** A layer without values yet. */
  private Linear room(long out, long in, boolean bias) {
    return new Linear(weights.newArray(out, in), bias ? weights.newArray(out) : null);
  }

  /** Reads a layer into rows of another. */
  private Linear linear(String name, Linear room, long start, long out) {
    NDArray weight = rows(name + ".weight", room.weight(), start, out);
    NDArray bias = room.bias() == null ? null : rows(name + ".bias", room.bias(), start, out);
    linears.put(name, new Linear(weight, bias));
    return linears.get(name);
  }

  private NDArray rows(String name, NDArray room, long start, long count) {
    return weights.load(source, name, TorchOps.slice(room, 0, start, count));
  }

  /** The linear layers built so far, by name, in the order of the forward pass. */
  Map<String, Linear> linears() {
    return linears;
  }
}
