package org.coldstart.tokenizer;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import org.coldstart.io.gguf.GgufMetadata;

/** Builds a tokenizer from the tables in a GGUF file. */
final class GgufTokenizer {
  private final GgufMetadata metadata;
  private final String origin;
  private final GgufPipeline pipeline;

  GgufTokenizer(GgufMetadata metadata, String origin) {
    this.metadata = metadata;
    this.origin = origin;
    this.pipeline = pipeline(metadata, origin);
  }

  private static GgufPipeline pipeline(GgufMetadata metadata, String origin) {
    String kind =
        metadata
            .string("tokenizer.ggml.model")
            .orElseThrow(() -> GgufTokens.missing(origin, "tokenizer.ggml.model"));
    return switch (kind) {
      case "gpt2" -> GgufByteLevel.read(metadata, GgufTokens.read(metadata, origin));
      case "llama" -> GgufSentencePiece.read(metadata, GgufTokens.read(metadata, origin));
      default ->
          throw new TokenizerException(
              origin
                  + ": tokenizer.ggml.model is \""
                  + kind
                  + "\"; known are gpt2 (byte-level BPE) and llama (SentencePiece BPE). Load the"
                  + " model from a folder with tokenizer.json instead.");
    };
  }

  TokenizerParts parts() {
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    root.add("truncation", JsonNull.INSTANCE);
    root.add("padding", JsonNull.INSTANCE);
    root.add("added_tokens", pipeline.tokens().addedTokens(pipeline.matchesNormalized()));
    root.add("normalizer", pipeline.normalizer());
    root.add("pre_tokenizer", pipeline.preTokenizer());
    root.add(
        "post_processor",
        PostProcessor.of(around("bos", pipeline.addsBos()), around("eos", false)));
    root.add("decoder", pipeline.decoder());
    root.add("model", pipeline.model());
    return new TokenizerParts(TokenizerJson.of(root, origin), new TokenizerConfig(config(), origin))
        .completed();
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
