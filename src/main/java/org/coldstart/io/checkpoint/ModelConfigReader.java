package org.coldstart.io.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Optional;
import org.coldstart.io.checkpoint.Architecture.Trait;
import org.coldstart.io.files.CheckpointException;

/**
 * Reads and checks {@code config.json}. What is absent gets the default of the configuration class
 * in transformers.
 */
final class ModelConfigReader {
  static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_VOCABULARY = 1 << 26;
  private static final int MAX_LAYERS = 10_000;

  private final JsonFields config;
  private final Architecture architecture;

  private ModelConfigReader(JsonFields config) {
    this.config = config;
    this.architecture = architecture(config);
  }

  static ModelConfig read(JsonObject json, String origin) {
    return new ModelConfigReader(new JsonFields(json, origin)).read(json);
  }

  private ModelConfig read(JsonObject json) {
    int longest =
        config.integer(
            "max_position_embeddings",
            architecture.defaults.maxPositionEmbeddings(),
            1,
            Integer.MAX_VALUE);
    UnsupportedOptions.check(config, architecture, longest);
    int hidden = config.integer("hidden_size", null, 1, MAX_WIDTH);
    int layers = config.integer("num_hidden_layers", null, 1, MAX_LAYERS);
    boolean gemma = architecture.has(Trait.GEMMA);
    return new ModelConfig(
        architecture.className,
        architecture.modelType,
        config.integer("vocab_size", null, 1, MAX_VOCABULARY),
        hidden,
        layers,
        longest,
        config.bool("tie_word_embeddings").orElse(architecture.defaults.tied()),
        gemma ? Math.sqrt(hidden) : 1,
        logitSoftcap(),
        new AttentionConfigReader(config, architecture, layers).read(hidden, longest),
        new FeedForwardConfig(
            config.integer("intermediate_size", null, 1, 4 * MAX_WIDTH),
            activation(),
            architecture.has(Trait.MLP_BIAS) && config.bool("mlp_bias").orElse(false)),
        new NormConfig(
            config.positive("rms_norm_eps", 1e-6), gemma, architecture.has(Trait.SANDWICHED)),
        ids(architecture.defaults.ids()),
        json);
  }

  private static Architecture architecture(JsonFields config) {
    Optional<String> name =
        config.element("architectures").map(list -> onlyArchitecture(list, config));
    Optional<String> type = config.string("model_type");
    if (name.isEmpty() && type.isEmpty()) {
      throw new CheckpointException(
          "Neither \"architectures\" nor \"model_type\" stands in "
              + config.origin()
              + "; it is not the config.json of a language model.");
    }
    Architecture architecture =
        name.map(Architecture::ofClass)
            .orElseGet(() -> Architecture.ofModelType(type.get()))
            .orElseThrow(() -> unknown(name.or(() -> type).get(), config.origin()));
    if (!type.orElse(architecture.modelType).equals(architecture.modelType)) {
      throw new CheckpointException(
          "In "
              + config.origin()
              + " \"architectures\" names "
              + architecture.className
              + ", but \"model_type\" is \""
              + type.get()
              + "\" instead of \""
              + architecture.modelType
              + "\".");
    }
    return architecture;
  }

  private static String onlyArchitecture(JsonElement list, JsonFields config) {
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

  private Double logitSoftcap() {
    if (!architecture.has(Trait.LOGIT_SOFTCAP)) {
      return null;
    }
    boolean usual = architecture.has(Trait.SCORE_SOFTCAP);
    return config.positiveOrNull("final_logit_softcapping", usual ? Double.valueOf(30) : null);
  }

  private Activation activation() {
    boolean gelu = architecture.has(Trait.GEMMA);
    String key = architecture.has(Trait.SANDWICHED) ? "hidden_activation" : "hidden_act";
    String name = config.string(key).orElse(gelu ? "gelu_pytorch_tanh" : "silu");
    if (architecture.has(Trait.GELU_IS_TANH) && name.equals("gelu")) {
      return Activation.GELU_TANH;
    }
    return Activation.ofName(name)
        .orElseThrow(() -> UnsupportedOptions.refusal(config, key, new JsonPrimitive(name)));
  }

  private SpecialIds ids(SpecialIds usual) {
    return new SpecialIds(
        id("bos_token_id", usual.bos()),
        config.mentions("eos_token_id")
            ? config.integers("eos_token_id").orElse(List.of())
            : usual.eos(),
        id("pad_token_id", usual.pad()));
  }

  private Integer id(String key, Integer usual) {
    return config.mentions(key) ? config.integer(key).orElse(null) : usual;
  }
}
