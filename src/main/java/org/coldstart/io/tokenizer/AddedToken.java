package org.coldstart.io.tokenizer;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * A token matched in the text before the model splits it, as {@code added_tokens} in tokenizer.json
 * holds it and, with the id for its key, {@code added_tokens_decoder} in tokenizer_config.json.
 *
 * @param id its row in the embedding matrix
 * @param content the text it matches
 * @param singleWord matches only between word boundaries
 * @param lstrip swallows the white space before it
 * @param rstrip swallows the white space after it
 * @param normalized is matched in the normalised text instead of the raw one; if null, unless the
 *     token is special
 * @param special is left out by {@code decode(ids, true)}
 */
public record AddedToken(
    int id,
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    Boolean normalized,
    boolean special) {

  static final Gson GSON =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .disableHtmlEscaping()
          .create();

  /** Checks that there is a text and fills in {@code normalized}. */
  public AddedToken {
    if (content == null) {
      throw new IllegalArgumentException("an added token has no content");
    }
    normalized = normalized == null ? !special : normalized;
  }

  /** A token as transformers' {@code add_tokens} makes it. */
  static AddedToken of(int id, String content, boolean special) {
    return new AddedToken(id, content, false, false, false, null, special);
  }

  /** The token that JSON describes, under this id. */
  static AddedToken of(int id, JsonElement json) {
    return GSON.fromJson(json.getAsJsonObject(), AddedToken.class).withId(id);
  }

  AddedToken asSpecial() {
    return new AddedToken(id, content, singleWord, lstrip, rstrip, normalized, true);
  }

  AddedToken withId(int newId) {
    return new AddedToken(newId, content, singleWord, lstrip, rstrip, normalized, special);
  }

  AddedToken matchedInNormalizedText(boolean value) {
    return new AddedToken(id, content, singleWord, lstrip, rstrip, value, special);
  }

  /** The form in tokenizer.json. */
  JsonObject toJson() {
    return GSON.toJsonTree(this).getAsJsonObject();
  }

  /** The form in tokenizer_config.json, where the id is the key. */
  JsonObject toJsonWithoutId() {
    JsonObject json = toJson();
    json.remove("id");
    return json;
  }
}
