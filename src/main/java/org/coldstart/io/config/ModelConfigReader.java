package org.coldstart.io.config;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig.Activation;
import org.coldstart.io.config.ModelConfig.FeedForwardConfig;
import org.coldstart.io.config.ModelConfig.NormConfig;
import org.coldstart.io.config.ModelConfig.SpecialIds;
import org.coldstart.io.json.Json;

/**
 * Reads and checks {@code config.json}. What is absent gets the default of the configuration class in transformers.
 */
final class ModelConfigReader {
  private static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_VOCABULARY = 1 << 26;
  private static final int MAX_LAYERS = 10_000;

  /** Options that would change a model's results and are not implemented, with the values that change nothing. */
  private static final JsonObject NEUTRAL = Json.parse("""
      {"quantization_config": null, "attention_multiplier": null, "embedding_multiplier": null,
       "residual_multiplier": null, "logits_scaling": null, "logit_scale": null, "num_local_experts": null,
       "num_experts": null, "no_rope_layers": null, "clip_qkv": null, "is_encoder_decoder": false,
       "add_cross_attention": false, "use_qk_norm": false, "use_bidirectional_attention": false,
       "partial_rotary_factor": 1, "attention_dropout": 0}""").getAsJsonObject();

  /** Options that some of the architectures have; from others they are refused. */
  private static final List<String> MUST_BE_KNOWN = List.of("attn_logit_softcapping", "final_logit_softcapping",
      "query_pre_attn_scalar");

  private final Architecture architecture;
  private final JsonFields config;
  private final int hidden;
  private final int layers;
  private final int longest;

  ModelConfigReader(JsonObject json, String origin) {
    architecture = Architecture.of(new JsonFields(json, origin));
    config = new JsonFields(json, architecture.defaults, origin);
    longest = config.integer("max_position_embeddings", 1, Integer.MAX_VALUE);
    refuseUnsupported();
    hidden = config.integer("hidden_size", 1, MAX_WIDTH);
    layers = config.integer("num_hidden_layers", 1, MAX_LAYERS);
  }

  /** Refuses options that change a model's results and are not implemented. */
  private void refuseUnsupported() {
    for (String key : config.otherThan(NEUTRAL)) {
      throw config.unsupported(key);
    }
    for (String key : MUST_BE_KNOWN) {
      config.refuseIf(config.element(key).isPresent() && !architecture.has(key), key);
    }
    if (architecture == Architecture.GEMMA) {
      // Versions of transformers disagree on whether this key or hidden_act counts.
      String activation = config.string("hidden_activation").orElse("gelu_pytorch_tanh");
      config.refuseIf(!activation.equals("gelu_pytorch_tanh"), "hidden_activation");
    }
    if (!architecture.has("sliding_window")) {
      // A window as long as the longest text changes nothing.
      int window = config.integer("sliding_window").orElse(longest);
      config.refuseIf(window < longest, "sliding_window");
    }
  }

  ModelConfig read() {
    boolean gemma = architecture.isGemma();
    return new ModelConfig(architecture.className, architecture.modelType,
        config.integer("vocab_size", 1, MAX_VOCABULARY), hidden, layers, longest, config.bool("tie_word_embeddings"),
        gemma ? Math.sqrt(hidden) : 1, positiveOrNull("final_logit_softcapping"), attention(),
        new FeedForwardConfig(config.integer("intermediate_size", 1, 4 * MAX_WIDTH), activation(),
            architecture.has("mlp_bias") && config.bool("mlp_bias")),
        new NormConfig(config.positive("rms_norm_eps"), gemma, architecture.has("hidden_activation")),
        new SpecialIds(config.integer("bos_token_id").orElse(null), config.integers("eos_token_id"),
            config.integer("pad_token_id").orElse(null)),
        config.json());
  }

  private Double positiveOrNull(String key) {
    return config.element(key).isEmpty() ? null : Double.valueOf(config.positive(key));
  }

  private Activation activation() {
    String key = architecture.has("hidden_act") ? "hidden_act" : "hidden_activation";
    String usual = architecture.defaults.get(key).getAsString();
    return switch (config.string(key).orElse(usual)) {
    case "silu", "swish" -> Activation.SILU;
    case "gelu_pytorch_tanh" -> Activation.GELU_TANH;
    case "gelu" -> {
      // In the first Gemma it has always meant the tanh form.
      config.refuseIf(architecture != Architecture.GEMMA, key);
      yield Activation.GELU_TANH;
    }
    default -> throw config.unsupported(key);
    };
  }

  private AttentionConfig attention() {
    int heads = config.integer("num_attention_heads", 1, MAX_WIDTH);
    int headDim = headDim(heads);
    boolean bias = architecture.has("attention_bias") && config.bool("attention_bias");
    String scalar = "query_pre_attn_scalar";
    OptionalInt window = slidingWindow();
    return new AttentionConfig(heads, keyValueHeads(heads), headDim, bias || architecture == Architecture.QWEN2, bias,
        architecture == Architecture.QWEN3 || architecture == Architecture.GEMMA3,
        1 / Math.sqrt(architecture.has(scalar) ? config.positive(scalar) : headDim),
        positiveOrNull("attn_logit_softcapping"), window.orElse(longest), layerTypes(window.isPresent()),
        RopeParameters.read(config, architecture, longest));
  }

  private int headDim(int heads) {
    Optional<Integer> given = config.integer("head_dim");
    config.require(given.isPresent() || hidden % heads == 0, "hidden_size",
        "a multiple of \"num_attention_heads\", " + heads);
    int headDim = given.isEmpty() ? hidden / heads : config.integer("head_dim", 1, MAX_WIDTH);
    config.require(headDim % 2 == 0, "head_dim", "even, for rotary embeddings, and not " + headDim);
    return headDim;
  }

  private int keyValueHeads(int heads) {
    String key = "num_key_value_heads";
    int keyValueHeads = config.element(key).isEmpty() ? heads : config.integer(key, 1, heads);
    config.require(heads % keyValueHeads == 0, key, "a divisor of \"num_attention_heads\", " + heads);
    return keyValueHeads;
  }

  /** Empty where the architecture has no window, or it is off. */
  private OptionalInt slidingWindow() {
    String key = "sliding_window";
    boolean off = !architecture.has(key) || architecture.has("use_sliding_window") && !config.bool("use_sliding_window")
        || config.element(key).isEmpty();
    return off ? OptionalInt.empty() : OptionalInt.of(config.integer(key, 1, Integer.MAX_VALUE));
  }

  private List<LayerType> layerTypes(boolean windowed) {
    IntPredicate slides = usuallySlides(windowed);
    List<LayerType> usual = IntStream.range(0, layers)
      .mapToObj(i -> slides.test(i) ? LayerType.SLIDING_ATTENTION : LayerType.FULL_ATTENTION)
      .toList();
    List<LayerType> types = config.element("layer_types").map(this::listed).orElse(usual);
    boolean fixed = Set.of(Architecture.LLAMA, Architecture.MISTRAL, Architecture.GEMMA).contains(architecture);
    config.refuseIf(fixed && !types.equals(usual), "layer_types");
    config.require(windowed || !types.contains(LayerType.SLIDING_ATTENTION), "sliding_window",
        "a number in use, for layers with sliding attention");
    return types;
  }

  /** Which layers have the window where {@code layer_types} does not say. */
  private IntPredicate usuallySlides(boolean windowed) {
    return switch (architecture) {
    case LLAMA, GEMMA, MISTRAL -> layer -> windowed;
    case QWEN2, QWEN3 -> {
      int first = config.integer("max_window_layers", 0, Integer.MAX_VALUE);
      yield layer -> windowed && layer >= first;
    }
    case GEMMA2 -> layer -> layer % 2 == 0;
    case GEMMA3 -> {
      int pattern = config.integer("sliding_window_pattern", 1, Integer.MAX_VALUE);
      yield layer -> (layer + 1) % pattern != 0;
    }
    };
  }

  private List<LayerType> listed(JsonElement types) {
    List<JsonElement> names = types.isJsonArray() ? types.getAsJsonArray().asList() : List.of();
    config.require(names.size() == layers, "layer_types", "a list of the kinds of all " + layers + " layers");
    return names.stream().map(this::layerType).toList();
  }

  private LayerType layerType(JsonElement name) {
    return Arrays.stream(LayerType.values())
      .filter(type -> name.equals(new JsonPrimitive(type.jsonName())))
      .findFirst()
      .orElseThrow(() -> config.unsupported("layer_types"));
  }
}
