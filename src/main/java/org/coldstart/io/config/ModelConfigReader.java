package org.coldstart.io.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.coldstart.io.config.Architecture.Trait;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.config.ModelConfig.FeedForwardConfig;
import org.coldstart.io.config.ModelConfig.NormConfig;
import org.coldstart.io.config.ModelConfig.SpecialIds;

/**
 * Reads and checks {@code config.json}. What is absent gets the default of the configuration class
 * in transformers.
 */
final class ModelConfigReader {
  private static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_VOCABULARY = 1 << 26;
  private static final int MAX_LAYERS = 10_000;

  private final Architecture architecture;
  private final JsonFields config;
  private final int hidden;
  private final int layers;
  private final int longest;

  ModelConfigReader(JsonObject json, String origin) {
    architecture = Architecture.of(new JsonFields(json, origin));
    config = new JsonFields(json, architecture.defaults, origin);
    UnsupportedOptions.check(config, architecture);
    longest = config.integer("max_position_embeddings", 1, Integer.MAX_VALUE);
    hidden = config.integer("hidden_size", 1, MAX_WIDTH);
    layers = config.integer("num_hidden_layers", 1, MAX_LAYERS);
  }

  ModelConfig read() {
    boolean gemma = architecture.has(Trait.GEMMA);
    return new ModelConfig(
        architecture.className,
        architecture.modelType,
        config.integer("vocab_size", 1, MAX_VOCABULARY),
        hidden,
        layers,
        longest,
        config.bool("tie_word_embeddings"),
        gemma ? Math.sqrt(hidden) : 1,
        positiveOrNull("final_logit_softcapping"),
        attention(),
        new FeedForwardConfig(
            config.integer("intermediate_size", 1, 4 * MAX_WIDTH),
            activation(),
            architecture.has(Trait.MLP_BIAS) && config.bool("mlp_bias")),
        new NormConfig(
            config.positive("rms_norm_eps"), gemma, architecture.has(Trait.SANDWICHED)),
        new SpecialIds(
            config.integer("bos_token_id").orElse(null),
            config.integers("eos_token_id"),
            config.integer("pad_token_id").orElse(null)),
        config.json());
  }

  private Double positiveOrNull(String key) {
    return config.element(key).isEmpty() ? null : Double.valueOf(config.positive(key));
  }

  private Activation activation() {
    String key = architecture.has(Trait.SANDWICHED) ? "hidden_activation" : "hidden_act";
    boolean gemma = architecture.has(Trait.GEMMA);
    return switch (config.string(key).orElse(gemma ? "gelu_pytorch_tanh" : "silu")) {
      case "silu", "swish" -> Activation.SILU;
      case "gelu_pytorch_tanh" -> Activation.GELU_TANH;
      case "gelu" -> {
        if (architecture.has(Trait.GELU_IS_TANH)) {
          yield Activation.GELU_TANH;
        }
        throw config.unsupported(key);
      }
      default -> throw config.unsupported(key);
    };
  }

  private AttentionConfig attention() {
    int heads = config.integer("num_attention_heads", 1, MAX_WIDTH);
    int headDim = headDim(heads);
    boolean bias = architecture.has(Trait.ATTENTION_BIAS) && config.bool("attention_bias");
    OptionalInt window = slidingWindow();
    double divisor =
        architecture.has(Trait.QUERY_SCALAR) ? config.positive("query_pre_attn_scalar") : headDim;
    return new AttentionConfig(
        heads,
        keyValueHeads(heads),
        headDim,
        bias || architecture.has(Trait.QKV_BIAS),
        bias,
        architecture.has(Trait.QUERY_KEY_NORM),
        1 / Math.sqrt(divisor),
        positiveOrNull("attn_logit_softcapping"),
        window.orElse(longest),
        layerTypes(window.isPresent()),
        RopeJson.read(config, architecture, longest));
  }

  private int headDim(int heads) {
    Optional<Integer> given = config.integer("head_dim");
    if (given.isEmpty() && hidden % heads != 0) {
      throw config.wrong("hidden_size", "a multiple of \"num_attention_heads\", " + heads);
    }
    int headDim = given.isEmpty() ? hidden / heads : config.integer("head_dim", 1, MAX_WIDTH);
    if (headDim % 2 != 0) {
      throw config.wrong("head_dim", "even, for rotary embeddings, and not " + headDim);
    }
    return headDim;
  }

  private int keyValueHeads(int heads) {
    String key = "num_key_value_heads";
    int keyValueHeads = config.element(key).isEmpty() ? heads : config.integer(key, 1, heads);
    if (heads % keyValueHeads != 0) {
      throw config.wrong(key, "a divisor of \"num_attention_heads\", " + heads);
    }
    return keyValueHeads;
  }

  /** Empty where the architecture has no window, or it is off. */
  private OptionalInt slidingWindow() {
    String key = "sliding_window";
    boolean off =
        !architecture.defaults.has(key)
            || architecture.has(Trait.WINDOW_ON_REQUEST) && !config.bool("use_sliding_window")
            || config.element(key).isEmpty();
    return off ? OptionalInt.empty() : OptionalInt.of(config.integer(key, 1, Integer.MAX_VALUE));
  }

  private List<LayerType> layerTypes(boolean windowed) {
    List<LayerType> usual =
        IntStream.range(0, layers)
            .mapToObj(
                layer ->
                    usuallySlides(layer, windowed)
                        ? LayerType.SLIDING_ATTENTION
                        : LayerType.FULL_ATTENTION)
            .toList();
    List<LayerType> types = config.element("layer_types").map(this::listed).orElse(usual);
    boolean free =
        architecture.has(Trait.WINDOW_ON_REQUEST)
            || architecture.has(Trait.WINDOW_ALTERNATING)
            || architecture.has(Trait.WINDOW_BY_PATTERN);
    if (!types.equals(usual) && !free) {
      throw config.unsupported("layer_types");
    }
    if (types.contains(LayerType.SLIDING_ATTENTION) && !windowed) {
      throw config.wrong("sliding_window", "a number in use, for layers with sliding attention");
    }
    return types;
  }

  private boolean usuallySlides(int layer, boolean windowed) {
    if (architecture.has(Trait.WINDOW_ALTERNATING)) {
      return layer % 2 == 0;
    }
    if (architecture.has(Trait.WINDOW_BY_PATTERN)) {
      return (layer + 1) % config.integer("sliding_window_pattern", 1, Integer.MAX_VALUE) != 0;
    }
    boolean onRequest = architecture.has(Trait.WINDOW_ON_REQUEST);
    int first = onRequest ? config.integer("max_window_layers", 0, Integer.MAX_VALUE) : 0;
    return windowed && layer >= first;
  }

  private List<LayerType> listed(JsonElement types) {
    List<LayerType> found = new ArrayList<>();
    if (types.isJsonArray()) {
      types.getAsJsonArray().forEach(name -> found.add(layerType(name)));
    }
    if (found.size() != layers) {
      throw config.wrong("layer_types", "a list of the kinds of all " + layers + " layers");
    }
    return found;
  }

  private LayerType layerType(JsonElement name) {
    for (LayerType type : LayerType.values()) {
      if (name.isJsonPrimitive() && name.getAsString().equals(type.jsonName())) {
        return type;
      }
    }
    throw config.unsupported("layer_types");
  }
}
