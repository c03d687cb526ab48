package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

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
    return object(
        "version", "1.0",
        "added_tokens", addedTokens,
        "normalizer", normalizer,
        "pre_tokenizer", preTokenizer,
        "post_processor", postProcessor,
        "decoder", decoder,
        "model", model);
  }

  /** A step of this type; {@code fields} are names, each followed by its value. */
  static JsonObject step(String type, Object... fields) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    object(fields).entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
    return json;
  }

  /** Names, each followed by its value; those without one are left out. */
  static JsonObject object(Object... fields) {
    JsonObject json = new JsonObject();
    for (int i = 0; i < fields.length; i += 2) {
      if (fields[i + 1] != null) {
        json.add((String) fields[i], AddedToken.GSON.toJsonTree(fields[i + 1]));
      }
    }
    return json;
  }

  /** Bytes as visible characters, after GPT-2's own word pattern if {@code words} is set. */
  static JsonObject byteLevel(boolean words) {
    return step("ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", words);
  }

  static JsonObject replace(String from, String to) {
    return step("Replace", "pattern", Map.of("String", from), "content", to);
  }

  /** A BPE model of these tokens, by id, and merges. */
  static JsonObject bpe(List<String> vocabulary, JsonArray merges) {
    JsonObject ids = new JsonObject();
    vocabulary.forEach(token -> ids.addProperty(token, ids.size()));
    JsonObject model = step("BPE", "fuse_unk", false, "byte_fallback", false, "ignore_merges", false);
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
    Map<String, Object> special = new LinkedHashMap<>();
    Stream.of(bos, eos)
        .filter(token -> token != null)
        .forEach(
            token -> {
              List<String> text = List.of(token.content());
              List<Integer> ids = List.of(token.id());
              special.put(text.get(0), Map.of("id", text.get(0), "ids", ids, "tokens", text));
            });
    List<Object> single = around("A", 0, bos, eos).toList();
    List<Object> pair = Stream.concat(single.stream(), around("B", 1, bos, eos)).toList();
    return step("TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
  }

  private static Stream<Object> around(String name, int type, AddedToken bos, AddedToken eos) {
    Object text = Map.of("Sequence", Map.of("id", name, "type_id", type));
    return Stream.of(special(bos, type), Stream.of(text), special(eos, type)).flatMap(p -> p);
  }

  private static Stream<Object> special(AddedToken token, int type) {
    return token == null
        ? Stream.of()
        : Stream.of(Map.of("SpecialToken", Map.of("id", token.content(), "type_id", type)));
  }
}
