package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import org.coldstart.io.gguf.GgufMetadata;

/**
 * Byte-level BPE, as Llama 3, SmolLM2, Qwen and GPT-2 use it: {@code tokenizer.ggml.model = gpt2}.
 */
record GgufByteLevel(GgufTokens tokens, GgufPreTokenizer words, JsonArray merges)
    implements GgufPipeline {

  static GgufByteLevel read(GgufMetadata metadata, GgufTokens tokens) {
    String origin = tokens.origin();
    JsonArray merges = new JsonArray();
    metadata
        .strings("tokenizer.ggml.merges")
        .orElseThrow(() -> GgufTokens.missing(origin, "tokenizer.ggml.merges"))
        .forEach(merges::add);
    String words = metadata.string("tokenizer.ggml.pre").orElse("gpt-2");
    return new GgufByteLevel(tokens, GgufPreTokenizer.named(words, origin), merges);
  }

  @Override
  public JsonElement normalizer() {
    return words.normalizer();
  }

  @Override
  public JsonElement preTokenizer() {
    return words.preTokenizer();
  }

  @Override
  public JsonElement decoder() {
    return GgufPipeline.byteLevel(true);
  }

  @Override
  public JsonObject model() {
    JsonObject model = GgufPipeline.bpe(tokens.vocabulary(), merges);
    model.addProperty("ignore_merges", words.ignoreMerges);
    return model;
  }

  @Override
  public boolean addsBos() {
    return words.addsBos;
  }

  @Override
  public boolean matchesNormalized() {
    return false;
  }
}
