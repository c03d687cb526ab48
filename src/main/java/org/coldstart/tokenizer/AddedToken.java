package org.coldstart.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * A token matched in the text before the model splits it, as {@code added_tokens} in tokenizer.json
 * holds it.
 *
 * @param id its row in the embedding matrix
 * @param content the text it matches
 * @param singleWord matches only between word boundaries
 * @param lstrip swallows the blanks before it
 * @param rstrip swallows the blanks after it
 * @param normalized is matched in the normalised text instead of the raw one
 * @param special is left out by {@code decode(ids, true)}
 */
record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /**
   * A token as transformers' {@code add_tokens} makes it: only an ordinary one is matched in
   * normalised text.
   */
  static AddedToken of(int id, String content, boolean special) {
    return of(id, content, special, !special);
  }

  static AddedToken of(int id, String content, boolean special, boolean normalized) {
    return new AddedToken(id, content, false, false, false, normalized, special);
  }

  AddedToken asSpecial() {
    return new AddedToken(id, content, singleWord, lstrip, rstrip, normalized, true);
  }

  AddedToken withId(int newId) {
    return new AddedToken(newId, content, singleWord, lstrip, rstrip, normalized, special);
  }

  /**
   * Reads the form used in tokenizer.json, and, with the id given apart, in {@code
   * added_tokens_decoder}.
   */
  static AddedToken fromJson(int id, JsonObject json) {
    String content = json.get("content").getAsString();
    boolean special = flag(json, "special", false);
    return new AddedToken(
        id,
        content,
        flag(json, "single_word", false),
        flag(json, "lstrip", false),
        flag(json, "rstrip", false),
        flag(json, "normalized", !special),
        special);
  }

  /** The form used in {@code added_tokens_decoder}, where the id is the key. */
  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("content", content);
    json.addProperty("single_word", singleWord);
    json.addProperty("lstrip", lstrip);
    json.addProperty("rstrip", rstrip);
    json.addProperty("normalized", normalized);
    json.addProperty("special", special);
    return json;
  }

  /** The form used in tokenizer.json. */
  JsonObject toJsonWithId() {
    JsonObject json = new JsonObject();
    json.addProperty("id", id);
    toJson().entrySet().forEach(e -> json.add(e.getKey(), e.getValue()));
    return json;
  }

  private static boolean flag(JsonObject json, String name, boolean otherwise) {
    JsonElement value = json.get(name);
    return value == null ? otherwise : value.getAsBoolean();
  }
}
