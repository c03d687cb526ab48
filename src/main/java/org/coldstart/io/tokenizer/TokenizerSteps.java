package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The parts of a tokenizer.json, for tokenizers that come without one. */
final class TokenizerSteps {
  private TokenizerSteps() {}

  /** A whole tokenizer.json. */
  static JsonObject document(
      JsonArray addedTokens,
      JsonElement normalizer,
      JsonElement preTokenizer,
      JsonElement postProcessor,
      JsonElement decoder,
      JsonObject model) {
    JsonObject root = new JsonObject();
    root.addProperty("version", "1.0");
    root.add("added_tokens", addedTokens);
    root.add("normalizer", normalizer);
    root.add("pre_tokenizer", preTokenizer);
    root.add("post_processor", postProcessor);
    root.add("decoder", decoder);
    root.add("model", model);
    return root;
  }

  /** A step of this type; {@code fields} are names, each followed by its value. */
  static JsonObject step(String type, Object... fields) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    for (int i = 0; i < fields.length; i += 2) {
      json.add((String) fields[i], AddedToken.GSON.toJsonTree(fields[i + 1]));
    }
    return json;
  }

  /** Bytes as visible characters, after GPT-2's own word pattern if {@code words} is set. */
  static JsonObject byteLevel(boolean words) {
    return step(
        "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", words);
  }

  static JsonObject replace(String from, String to) {
    return step("Replace", "pattern", Map.of("String", from), "content", to);
  }

  /** A BPE model of these tokens, by id, and merges. */
  static JsonObject bpe(List<String> vocabulary, JsonArray merges) {
    JsonObject ids = new JsonObject();
    vocabulary.forEach(token -> ids.addProperty(token, ids.size()));
    JsonObject model =
        step(
            "BPE",
            "dropout", null,
            "unk_token", null,
            "continuing_subword_prefix", null,
            "end_of_word_suffix", null,
            "fuse_unk", false,
            "byte_fallback", false,
            "ignore_merges", false);
    model.add("vocab", ids);
    model.add("merges", merges);
    return model;
  }

  /**
   * What is put around a text.
   *
   * @param bos the token in front, or null
   * @param eos the token behind, or null
   */
  static JsonElement postProcessor(AddedToken bos, AddedToken eos) {
    if (bos == null && eos == null) {
      return JsonNull.INSTANCE;
    }
    List<Object> single = around("A", 0, bos, eos);
    List<Object> pair = new ArrayList<>(single);
    pair.addAll(around("B", 1, bos, eos));
    Map<String, Object> special = new LinkedHashMap<>();
    for (AddedToken token : new AddedToken[] {bos, eos}) {
      if (token != null) {
        String text = token.content();
        special.put(
            text, Map.of("id", text, "ids", List.of(token.id()), "tokens", List.of(text)));
      }
    }
    return step(
        "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
  }

  private static List<Object> around(String name, int typeId, AddedToken bos, AddedToken eos) {
    List<Object> pieces = new ArrayList<>();
    if (bos != null) {
      pieces.add(piece("SpecialToken", bos.content(), typeId));
    }
    pieces.add(piece("Sequence", name, typeId));
    if (eos != null) {
      pieces.add(piece("SpecialToken", eos.content(), typeId));
    }
    return pieces;
  }

  private static Object piece(String kind, String id, int typeId) {
    return Map.of(kind, Map.of("id", id, "type_id", typeId));
  }
}
