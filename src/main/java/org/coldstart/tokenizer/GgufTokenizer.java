package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.OptionalLong;
import org.coldstart.checkpoint.GgufMetadata;

/**
 * Builds a tokenizer from the tables in a GGUF file: byte-level BPE, as Llama 3, SmolLM2, Qwen2 and
 * GPT-2 use it.
 */
final class GgufTokenizer {
  // llama.cpp's enum llama_token_type
  private static final long CONTROL = 3;
  private static final long USER_DEFINED = 4;
  private static final long UNUSED = 5;

  private final GgufMetadata metadata;
  private final String origin;
  private final List<String> tokens;
  private final long[] types;

  GgufTokenizer(GgufMetadata metadata, String origin) {
    this.metadata = metadata;
    this.origin = origin;
    String kind =
        metadata.string("tokenizer.ggml.model").orElseThrow(() -> missing("tokenizer.ggml.model"));
    if (!kind.equals("gpt2")) {
      throw new TokenizerException(
          origin
              + ": tokenizer.ggml.model is \""
              + kind
              + "\"; known is gpt2 (byte-level "
              + "BPE). Load the model from a folder with tokenizer.json instead.");
    }
    List<String> all =
        metadata
            .strings("tokenizer.ggml.tokens")
            .orElseThrow(() -> missing("tokenizer.ggml.tokens"));
    this.types =
        metadata
            .integers("tokenizer.ggml.token_type")
            .orElseThrow(() -> missing("tokenizer.ggml.token_type"));
    if (types.length != all.size()) {
      throw new TokenizerException(
          origin + " has " + all.size() + " tokens but " + types.length + " token types");
    }
    this.tokens = all.subList(0, used(all.size()));
  }

  TokenizerParts parts() {
    GgufPreTokenizer words =
        GgufPreTokenizer.named(metadata.string("tokenizer.ggml.pre").orElse("gpt-2"), origin);
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    root.add("truncation", JsonNull.INSTANCE);
    root.add("padding", JsonNull.INSTANCE);
    root.add("added_tokens", addedTokens());
    root.add("normalizer", words.normalizer());
    root.add("pre_tokenizer", words.preTokenizer());
    root.add(
        "post_processor", PostProcessor.of(around("bos", words.addsBos), around("eos", false)));
    root.add("decoder", GgufPreTokenizer.byteLevel(true));
    root.add("model", model(words));
    return new TokenizerParts(
        TokenizerJson.of(root, origin), new TokenizerConfig(config(), origin));
  }

  private JsonObject model(GgufPreTokenizer words) {
    JsonObject vocabulary = new JsonObject();
    int ordinary = ordinary();
    for (int id = 0; id < ordinary; id++) {
      vocabulary.addProperty(tokens.get(id), id);
    }
    JsonArray merges = new JsonArray();
    metadata
        .strings("tokenizer.ggml.merges")
        .orElseThrow(() -> missing("tokenizer.ggml.merges"))
        .forEach(merges::add);
    JsonObject model = new JsonObject();
    model.addProperty("type", "BPE");
    model.add("dropout", JsonNull.INSTANCE);
    model.add("unk_token", JsonNull.INSTANCE);
    model.add("continuing_subword_prefix", JsonNull.INSTANCE);
    model.add("end_of_word_suffix", JsonNull.INSTANCE);
    model.addProperty("fuse_unk", false);
    model.addProperty("byte_fallback", false);
    model.addProperty("ignore_merges", words.ignoreMerges);
    model.add("vocab", vocabulary);
    model.add("merges", merges);
    return model;
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
    OptionalLong id = metadata.integer("tokenizer.ggml." + key + "_token_id");
    if (id.isPresent()) {
      config.addProperty(role, token(key, id.getAsLong()));
    }
  }

  private String token(String key, long id) {
    if (id < 0 || id >= tokens.size()) {
      throw new TokenizerException(
          origin
              + ": tokenizer.ggml."
              + key
              + "_token_id is "
              + id
              + ", but there are "
              + tokens.size()
              + " tokens");
    }
    return tokens.get((int) id);
  }

  /** The BOS or EOS token if one is to be put around every text, or null. */
  private AddedToken around(String key, boolean otherwise) {
    OptionalLong id = metadata.integer("tokenizer.ggml." + key + "_token_id");
    boolean wanted = metadata.bool("tokenizer.ggml.add_" + key + "_token").orElse(otherwise);
    return wanted && id.isPresent()
        ? AddedToken.of((int) id.getAsLong(), token(key, id.getAsLong()), true)
        : null;
  }

  private JsonArray addedTokens() {
    JsonArray added = new JsonArray();
    for (int id = 0; id < tokens.size(); id++) {
      if (types[id] == CONTROL || types[id] == USER_DEFINED) {
        added.add(AddedToken.of(id, tokens.get(id), types[id] == CONTROL).toJsonWithId());
      }
    }
    return added;
  }

  /** Tokens up to the last that is in use: the rows behind it only fill up the embedding matrix. */
  private int used(int size) {
    int used = size;
    while (used > 0 && types[used - 1] == UNUSED) {
      used--;
    }
    return used;
  }

  /**
   * Tokens of the model itself; control tokens behind them are added tokens only, as in
   * tokenizer.json.
   */
  private int ordinary() {
    int ordinary = tokens.size();
    while (ordinary > 0
        && (types[ordinary - 1] == CONTROL || types[ordinary - 1] == USER_DEFINED)) {
      ordinary--;
    }
    return ordinary;
  }

  private TokenizerException missing(String key) {
    return new TokenizerException(
        origin + " has no " + key + ": it holds no tokenizer, or is no language model");
  }
}
