package org.coldstart.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Optional;

/**
 * Reads and checks {@code config.json}. What is absent gets the default of the configuration class
 * in transformers.
 */
final class ModelConfigReader {
  private static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_VOCABULARY = 1 << 26;
  private static final int MAX_LAYERS = 10_000;

  private final JsonFields config;

  private ModelConfigReader(JsonFields config) {
    this.config = config;
  }

  static ModelConfig read(JsonObject json, String origin) {
    return new ModelConfigReader(new JsonFields(json, origin)).read(json);
  }

  private ModelConfig read(JsonObject json) {
    Architecture architecture = architecture();
    int hidden = config.integer("hidden_size", null, 1, MAX_WIDTH);
    int heads = config.integer("num_attention_heads", null, 1, MAX_WIDTH);
    int keyValueHeads = config.integer("num_key_value_heads", heads, 1, heads);
    int headDim = headDim(hidden, heads);
    if (heads % keyValueHeads != 0) {
      throw new CheckpointException(
          "\"num_attention_heads\" in "
              + config.origin()
              + " is "
              + heads
              + "; it should be a multiple of \"num_key_value_heads\", "
              + keyValueHeads
              + ".");
    }
    int longest =
        config.integer(
            "max_position_embeddings", architecture.maxPositionEmbeddings, 1, Integer.MAX_VALUE);
    Unsupported.check(config, architecture, longest);
    return new ModelConfig(
        architecture.className,
        architecture.modelType,
        config.integer("vocab_size", null, 1, MAX_VOCABULARY),
        hidden,
        config.integer("intermediate_size", null, 1, 4 * MAX_WIDTH),
        config.integer("num_hidden_layers", null, 1, MAX_LAYERS),
        heads,
        keyValueHeads,
        headDim,
        config.positive("rms_norm_eps", 1e-6),
        RopeParameters.fromJson(config, longest),
        longest,
        config.bool("tie_word_embeddings").orElse(false),
        config.bool("attention_bias").orElse(false),
        config.bool("mlp_bias").orElse(false),
        "silu",
        bosTokenId(),
        eosTokenIds(),
        config.integer("pad_token_id").orElse(null),
        json);
  }

  private Architecture architecture() {
    Optional<String> name = config.element("architectures").map(this::onlyArchitecture);
    Optional<String> type = config.string("model_type");
    if (name.isEmpty() && type.isEmpty()) {
      throw new CheckpointException(
          "Neither \"architectures\" nor \"model_type\" stands in "
              + config.origin()
              + "; it is not the config.json of a language model.");
    }
    return name.map(Architecture::ofClass)
        .orElseGet(() -> Architecture.ofModelType(type.get()))
        .orElseThrow(() -> unknown(name.or(() -> type).get(), config.origin()));
  }

  private String onlyArchitecture(JsonElement list) {
    if (!list.isJsonArray()
        || list.getAsJsonArray().size() != 1
        || !list.getAsJsonArray().get(0).isJsonPrimitive()) {
      throw new CheckpointException(
          "Key \"architectures\" in "
              + config.origin()
              + " should be a list of one name, but is "
              + list
              + ".");
    }
    return list.getAsJsonArray().get(0).getAsString();
  }

  static CheckpointException unknown(String architecture, String origin) {
    return new CheckpointException(
        "The architecture \""
            + architecture
            + "\" of "
            + origin
            + " is not known; known are "
            + Architecture.known()
            + ".");
  }

  private int headDim(int hidden, int heads) {
    if (config.integer("head_dim").isEmpty() && hidden % heads != 0) {
      throw new CheckpointException(
          "\"hidden_size\" in "
              + config.origin()
              + " is "
              + hidden
              + "; it should be a multiple of \"num_attention_heads\", "
              + heads
              + ".");
    }
    int headDim = config.integer("head_dim", hidden / heads, 1, MAX_WIDTH);
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

  private Integer bosTokenId() {
    return config.mentions("bos_token_id")
        ? config.integer("bos_token_id").orElse(null)
        : Integer.valueOf(1);
  }

  private List<Integer> eosTokenIds() {
    return config.mentions("eos_token_id")
        ? config.integers("eos_token_id").orElse(List.of())
        : List.of(2);
  }
}
