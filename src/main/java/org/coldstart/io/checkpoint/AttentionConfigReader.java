package org.coldstart.io.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.io.checkpoint.Architecture.Trait;
import org.coldstart.io.files.CheckpointException;

/** Reads and checks what {@code config.json} says about attention. */
final class AttentionConfigReader {
  private final JsonFields config;
  private final Architecture architecture;
  private final int layers;

  AttentionConfigReader(JsonFields config, Architecture architecture, int layers) {
    this.config = config;
    this.architecture = architecture;
    this.layers = layers;
  }

  AttentionConfig read(int hidden, int longest) {
    int heads = config.integer("num_attention_heads", null, 1, ModelConfigReader.MAX_WIDTH);
    int headDim = headDim(hidden, heads);
    boolean bias =
        architecture.has(Trait.ATTENTION_BIAS) && config.bool("attention_bias").orElse(false);
    Optional<Integer> window = slidingWindow();
    return new AttentionConfig(
        heads,
        keyValueHeads(heads),
        headDim,
        bias || architecture.has(Trait.QKV_BIAS),
        bias,
        architecture.has(Trait.QUERY_KEY_NORM),
        1 / Math.sqrt(scoreDivisor(headDim)),
        architecture.has(Trait.SCORE_SOFTCAP)
            ? config.positiveOrNull("attn_logit_softcapping", 50.0)
            : null,
        window.orElse(longest),
        layerTypes(window.isPresent()),
        RopeJson.read(config, architecture, longest));
  }

  private int keyValueHeads(int heads) {
    Integer fallback =
        config.mentions("num_key_value_heads") || architecture.defaults.keyValueHeads() == null
            ? Integer.valueOf(heads)
            : architecture.defaults.keyValueHeads();
    int keyValueHeads = config.integer("num_key_value_heads", fallback, 1, heads);
    if (heads % keyValueHeads != 0) {
      throw notMultiple("num_attention_heads", heads, "num_key_value_heads", keyValueHeads);
    }
    return keyValueHeads;
  }

  private int headDim(int hidden, int heads) {
    Integer fallback = architecture.defaults.headDim();
    if (fallback == null && config.integer("head_dim").isEmpty() && hidden % heads != 0) {
      throw notMultiple("hidden_size", hidden, "num_attention_heads", heads);
    }
    int headDim =
        config.integer(
            "head_dim",
            fallback == null ? Integer.valueOf(hidden / heads) : fallback,
            1,
            ModelConfigReader.MAX_WIDTH);
    if (headDim % 2 != 0) {
      throw new CheckpointException(
          "The width of a head (\"head_dim\") in "
              + config.origin()
              + " is "
              + headDim
              + "; rotary embeddings need an even one.");
    }
    return headDim;
  }

  private double scoreDivisor(int headDim) {
    return architecture.has(Trait.QUERY_SCALAR)
        ? config.positive("query_pre_attn_scalar", 256.0)
        : headDim;
  }

  /** Empty where the architecture has no window, or it is off. */
  private Optional<Integer> slidingWindow() {
    boolean off =
        architecture.defaults.slidingWindow() == null
            || architecture.has(Trait.WINDOW_ON_REQUEST)
                && !config.bool("use_sliding_window").orElse(false)
            || config.mentions("sliding_window") && config.element("sliding_window").isEmpty();
    return off
        ? Optional.empty()
        : Optional.of(
            config.integer(
                "sliding_window", architecture.defaults.slidingWindow(), 1, Integer.MAX_VALUE));
  }

  private List<LayerType> layerTypes(boolean windowed) {
    List<LayerType> usual = usualLayerTypes(windowed);
    List<LayerType> types = config.element("layer_types").map(this::listed).orElse(usual);
    if (!types.equals(usual) && !choosesLayerTypes()) {
      throw UnsupportedOptions.refusal(config, "layer_types", config.element("layer_types").get());
    }
    if (types.contains(LayerType.SLIDING_ATTENTION) && !windowed) {
      throw new CheckpointException(
          "Layers in "
              + config.origin()
              + " have sliding attention, but there is no \"sliding_window\", or it is not in"
              + " use.");
    }
    return types;
  }

  private boolean choosesLayerTypes() {
    return architecture.has(Trait.WINDOW_ON_REQUEST)
        || architecture.has(Trait.WINDOW_ALTERNATING)
        || architecture.has(Trait.WINDOW_BY_PATTERN);
  }

  private List<LayerType> usualLayerTypes(boolean windowed) {
    IntPredicate sliding = layer -> false;
    if (architecture.has(Trait.WINDOW_EVERYWHERE)) {
      sliding = layer -> windowed;
    } else if (architecture.has(Trait.WINDOW_ON_REQUEST)) {
      int first = config.integer("max_window_layers", 28, 0, Integer.MAX_VALUE);
      sliding = layer -> windowed && layer >= first;
    } else if (architecture.has(Trait.WINDOW_ALTERNATING)) {
      sliding = layer -> layer % 2 == 0;
    } else if (architecture.has(Trait.WINDOW_BY_PATTERN)) {
      int pattern = config.integer("sliding_window_pattern", 6, 1, Integer.MAX_VALUE);
      sliding = layer -> (layer + 1) % pattern != 0;
    }
    IntPredicate slides = sliding;
    return IntStream.range(0, layers)
        .mapToObj(i -> slides.test(i) ? LayerType.SLIDING_ATTENTION : LayerType.FULL_ATTENTION)
        .collect(Collectors.toList());
  }

  private List<LayerType> listed(JsonElement types) {
    List<LayerType> found = new ArrayList<>();
    if (types.isJsonArray()) {
      types.getAsJsonArray().forEach(type -> found.add(layerType(type)));
    }
    if (found.size() != layers) {
      throw new CheckpointException(
          "Key \"layer_types\" in "
              + config.origin()
              + " should list the kinds of all "
              + layers
              + " layers, but is "
              + UnsupportedOptions.shortened(types)
              + ".");
    }
    return found;
  }

  private LayerType layerType(JsonElement name) {
    for (LayerType type : LayerType.values()) {
      if (name.equals(new JsonPrimitive(type.jsonName()))) {
        return type;
      }
    }
    throw UnsupportedOptions.refusal(config, "layer_types", name);
  }

  private CheckpointException notMultiple(String key, int value, String divisorKey, int divisor) {
    return new CheckpointException(
        "\""
            + key
            + "\" in "
            + config.origin()
            + " is "
            + value
            + "; it should be a multiple of \""
            + divisorKey
            + "\", "
            + divisor
            + ".");
  }
}
