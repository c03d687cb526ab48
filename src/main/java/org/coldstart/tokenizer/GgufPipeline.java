package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;

/** How text becomes tokens and back, in the terms of a tokenizer.json. */
interface GgufPipeline {

  /** The token table as this pipeline spells it. */
  GgufTokens tokens();

  JsonElement normalizer();

  JsonElement preTokenizer();

  JsonElement decoder();

  /** Vocabulary, merges and what sets this BPE apart. */
  JsonObject model();

  /** Whether a BOS is put in front where the file does not say. */
  boolean addsBos();

  /** Whether added tokens are looked for in normalised text. */
  boolean matchesNormalized();

  static JsonObject bpe(JsonObject vocabulary, JsonArray merges) {
    JsonObject model = typed("BPE");
    model.add("dropout", JsonNull.INSTANCE);
    model.add("unk_token", JsonNull.INSTANCE);
    model.add("continuing_subword_prefix", JsonNull.INSTANCE);
    model.add("end_of_word_suffix", JsonNull.INSTANCE);
    model.addProperty("fuse_unk", false);
    model.addProperty("byte_fallback", false);
    model.addProperty("ignore_merges", false);
    model.add("vocab", vocabulary);
    model.add("merges", merges);
    return model;
  }

  static JsonObject typed(String type) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    return json;
  }

  /** Steps one after the other; {@code children} is the key that this part of the file wants. */
  static JsonObject sequence(String children, JsonObject... steps) {
    JsonArray array = new JsonArray();
    for (JsonObject step : steps) {
      array.add(step);
    }
    JsonObject json = typed("Sequence");
    json.add(children, array);
    return json;
  }

  /** Bytes as visible characters, after GPT-2's own word pattern if {@code words} is set. */
  static JsonObject byteLevel(boolean words) {
    JsonObject json = typed("ByteLevel");
    json.addProperty("add_prefix_space", false);
    json.addProperty("trim_offsets", true);
    json.addProperty("use_regex", words);
    return json;
  }
}
