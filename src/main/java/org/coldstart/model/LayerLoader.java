package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.List;
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
  private final DType dtype;
  private final Map<String, Linear> linears = new LinkedHashMap<>();

  LayerLoader(ModelConfig config, TensorSource source, Weights weights, DType dtype) {
    this.dtype = dtype;
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
    Linear query = linear(prefix + ".q_proj", joint, 0, queries);
    Linear key = linear(prefix + ".k_proj", joint, queries, keys);
    Linear value = linear(prefix + ".v_proj", joint, queries + keys, keys);
    Linear output = linear(prefix + ".o_proj", hidden, queries, attention.outputBias());
    return new Attention(index, attention, query, key, value, held(joint, query, key, value), held(output, output),
        attention.queryKeyNorm() ? norm(prefix + ".q_norm", attention.headDim()) : Norm.NONE,
        attention.queryKeyNorm() ? norm(prefix + ".k_norm", attention.headDim()) : Norm.NONE);
  }

  private FeedForward feedForward(String prefix) {
    long hidden = config.hiddenSize();
    long inner = config.feedForward().intermediateSize();
    boolean bias = config.feedForward().bias();
    Linear joint = room(2 * inner, hidden, bias);
    Linear gate = linear(prefix + ".gate_proj", joint, 0, inner);
    Linear up = linear(prefix + ".up_proj", joint, inner, inner);
    Linear down = linear(prefix + ".down_proj", hidden, inner, bias);
    return new FeedForward(config.feedForward().activation(), gate, up, held(joint, gate, up), held(down, down));
  }

  /** A layer as it is held: in fewer bits if the model is, and those whose rows it has are let go. */
  private Linear held(Linear whole, Linear... parts) {
    if (!dtype.packed()) {
      return whole;
    }
    Linear packed = whole.packed(dtype);
    whole.weight().close();
    List.of(parts).forEach(part -> weights.remove(part.weight()));
    return packed;
  }

  private Linear linear(String name, long out, long in, boolean bias) {
    Linear whole = new Linear(weights.load(source, name + ".weight", out, in),
        bias ? weights.load(source, name + ".bias", out) : null);
    linears.put(name, whole);
    return whole;
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
