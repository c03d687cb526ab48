package org.coldstart.io.tokenizer;

import com.google.gson.JsonObject;
import org.coldstart.io.checkpoint.GgufMetadata;

/** Builds a tokenizer from the tables in a GGUF file. */
final class GgufTokenizer {
  private final GgufMetadata metadata;
  private final String origin;
  private final GgufPipeline pipeline;

  GgufTokenizer(GgufMetadata metadata, String origin) {
    this.metadata = metadata;
    this.origin = origin;
    String kind =
        metadata
            .string("tokenizer.ggml.model")
            .orElseThrow(() -> GgufTokens.missing(origin, "model"));
    this.pipeline =
        switch (kind) {
          case "gpt2" -> GgufPipeline.byteLevel(metadata, origin);
          case "llama" -> GgufPipeline.sentencePiece(metadata, origin);
          default ->
              throw new TokenizerException(
                  ("%s: tokenizer.ggml.model is \"%s\"; known are gpt2 (byte-level BPE) and llama"
                          + " (SentencePiece BPE). Load the model from a folder with"
                          + " tokenizer.json instead.")
                      .formatted(origin, kind));
        };
  }

  TokenizerFiles files() {
    JsonObject root =
        TokenizerSteps.document(
            pipeline.tokens().addedTokens(pipeline.matchesNormalized()),
            pipeline.normalizer(),
            pipeline.preTokenizer(),
            TokenizerSteps.postProcessor(around("bos", pipeline.addsBos()), around("eos", false)),
            pipeline.decoder(),
            pipeline.model());
    return TokenizerFiles.of(root, origin, new TokenizerConfig(config(), origin));
  }

  private JsonObject config() {
    JsonObject config = new JsonObject();
    role(config, "bos_token", "bos");
    role(config, "eos_token", "eos");
    role(config, "unk_token", "unknown");
    role(config, "pad_token", "padding");
    config.addProperty("clean_up_tokenization_spaces", false);
    String architecture = metadata.string("general.architecture").orElse("llama");
    metadata
        .integer(architecture + ".context_length")
        .ifPresent(n -> config.addProperty("model_max_length", n));
    metadata
        .string("tokenizer.chat_template")
        .ifPresent(t -> config.addProperty("chat_template", t));
    return config;
  }

  private void role(JsonObject config, String role, String key) {
    AddedToken token = pipeline.tokens().role(key);
    if (token != null) {
      config.addProperty(role, token.content());
    }
  }

  /** The BOS or EOS token if one is to be put around every text, or null. */
  private AddedToken around(String key, boolean otherwise) {
    boolean wanted = metadata.bool("tokenizer.ggml.add_" + key + "_token").orElse(otherwise);
    return wanted ? pipeline.tokens().role(key) : null;
  }
}
