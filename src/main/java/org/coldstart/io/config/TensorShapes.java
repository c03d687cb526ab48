package org.coldstart.io.config;

import static org.coldstart.io.files.CheckpointException.require;

import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.coldstart.io.safetensors.TensorInfo;

/** The tensors that a decoder of a configuration has, by their Hugging Face names. */
final class TensorShapes {
  private static final Logger LOG = System.getLogger(TensorShapes.class.getName());

  /** Names that a message takes. */
  private static final int NAMED = 10;

  /** Buffers that older checkpoints carry and that follow from the configuration. */
  private static final Pattern DERIVED = Pattern.compile(".*\\.(rotary_emb\\.inv_freq|self_attn\\.(masked_bias|bias))");

  private final ModelConfig config;
  private final Map<String, List<Long>> shapes = new LinkedHashMap<>();

  TensorShapes(ModelConfig config) {
    this.config = config;
    long hidden = config.hiddenSize();
    add(ModelConfig.EMBEDDING, (long) config.vocabSize(), hidden);
    for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
      addLayer("model.layers." + layer + ".", hidden);
    }
    add("model.norm.weight", hidden);
    if (!config.tieWordEmbeddings()) {
      add(ModelConfig.HEAD, (long) config.vocabSize(), hidden);
    }
  }

  Map<String, List<Long>> all() {
    return shapes;
  }

  private void addLayer(String layer, long hidden) {
    add(layer + "input_layernorm.weight", hidden);
    addAttention(layer + "self_attn.", hidden, config.attention());
    add(layer + "post_attention_layernorm.weight", hidden);
    if (config.norm().sandwiched()) {
      add(layer + "pre_feedforward_layernorm.weight", hidden);
      add(layer + "post_feedforward_layernorm.weight", hidden);
    }
    long inner = config.feedForward().intermediateSize();
    boolean bias = config.feedForward().bias();
    addLinear(layer + "mlp.gate_proj", inner, hidden, bias);
    addLinear(layer + "mlp.up_proj", inner, hidden, bias);
    addLinear(layer + "mlp.down_proj", hidden, inner, bias);
  }

  private void addAttention(String prefix, long hidden, AttentionConfig attention) {
    long queries = (long) attention.heads() * attention.headDim();
    long keys = (long) attention.keyValueHeads() * attention.headDim();
    addLinear(prefix + "q_proj", queries, hidden, attention.inputBias());
    addLinear(prefix + "k_proj", keys, hidden, attention.inputBias());
    addLinear(prefix + "v_proj", keys, hidden, attention.inputBias());
    addLinear(prefix + "o_proj", hidden, queries, attention.outputBias());
    if (attention.queryKeyNorm()) {
      add(prefix + "q_norm.weight", (long) attention.headDim());
      add(prefix + "k_norm.weight", (long) attention.headDim());
    }
  }

  private void addLinear(String name, long out, long in, boolean bias) {
    add(name + ".weight", out, in);
    if (bias) {
      add(name + ".bias", out);
    }
  }

  private void add(String name, Long... shape) {
    shapes.put(name, List.of(shape));
  }

  /** Whether all are there and of the right shape; others are named in a warning. */
  void check(Map<String, TensorInfo> tensors, String origin) {
    shapes.forEach((name, shape) -> {
      TensorInfo found = tensors.get(name);
      require(found != null,
          "Tensor \"%s\" %s is missing in %s: the file is incomplete, or its configuration belongs to another model.",
          name, shape, origin);
      require(found.shape().equals(shape), "Tensor \"%s\" in %s has the shape %s, but the configuration asks for %s.",
          name, origin, found.shape(), shape);
    });
    List<String> unused = tensors.keySet()
      .stream()
      .filter(name -> !shapes.containsKey(name) && !DERIVED.matcher(name).matches())
      .filter(name -> !(config.tieWordEmbeddings() && name.equals(ModelConfig.HEAD)))
      .toList();
    if (!unused.isEmpty()) {
      LOG.log(Level.WARNING,
          "{0} of the tensors in {1} are no part of a {2} with this configuration and are left out: {3}.",
          unused.size(), origin, config.architecture(),
          String.join(", ", unused.subList(0, Math.min(unused.size(), NAMED)))
              + (unused.size() > NAMED ? " and others" : ""));
    }
  }
}
