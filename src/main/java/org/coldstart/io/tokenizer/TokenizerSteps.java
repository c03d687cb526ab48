package org.coldstart.io.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The parts of a tokenizer.json, for tokenizers that come without one. */
final class TokenizerSteps {
  private TokenizerSteps() {}

  /** A step of this type; {@code fields} as in {@link #object}. */
  static JsonObject step(String type, Object... fields) {
    return with(object("type", type), fields);
  }

  /** Names, each followed by its value; those without one are left out. */
  static JsonObject object(Object... fields) {
    return with(new JsonObject(), fields);
  }

  private static JsonObject with(JsonObject json, Object... fields) {
    for (int i = 0; i < fields.length; i += 2) {
      if (fields[i + 1] != null) {
        boolean isJson = fields[i + 1] instanceof JsonElement; // toJsonTree would copy it
        json.add((String) fields[i],
            isJson ? (JsonElement) fields[i + 1] : AddedToken.GSON.toJsonTree(fields[i + 1]));
      }
    }
    return json;
  }

  /** Bytes as visible characters, after GPT-2's own word pattern if {@code words} is set. */
  static JsonObject byteLevel(boolean words) {
    return step("ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", words);
  }

  static JsonObject replace(String from, String to) {
    return step("Replace", "pattern", object("String", from), "content", to);
  }

  /** A BPE model of these tokens, by id, and merges. */
  static JsonObject bpe(List<String> vocabulary, List<?> merges) {
    JsonObject ids = new JsonObject();
    vocabulary.forEach(token -> ids.addProperty(token, ids.size()));
    return step("BPE", "vocab", ids, "merges", merges);
  }

  /** What puts tokens in front of a text and behind it; null for a token that there is not. */
  static JsonObject postProcessor(AddedToken bos, AddedToken eos) {
    if (bos == null && eos == null) {
      return null;
    }
    JsonObject special = new JsonObject();
    Stream.of(bos, eos).filter(Objects::nonNull).forEach(token -> {
      String text = token.content();
      special.add(text, object("id", text, "ids", List.of(token.id()), "tokens", List.of(text)));
    });
    List<JsonObject> single = around("A", 0, bos, eos);
    List<JsonObject> pair = new ArrayList<>(single);
    pair.addAll(around("B", 1, bos, eos));
    return step("TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
  }

  private static List<JsonObject> around(String name, int type, AddedToken bos, AddedToken eos) {
    List<JsonObject> pieces = new ArrayList<>();
    if (bos != null) {
      pieces.add(object("SpecialToken", object("id", bos.content(), "type_id", type)));
    }
    pieces.add(object("Sequence", object("id", name, "type_id", type)));
    if (eos != null) {
      pieces.add(object("SpecialToken", object("id", eos.content(), "type_id", type)));
    }
    return pieces;
  }
}
