package org.coldstart.io.tokenizer;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Objects;

/**
 * A token matched in the text before the model splits it, as tokenizer.json lists it and, with its id for a key,
 * tokenizer_config.json.
 *
 * @param id its row in the embedding matrix
 * @param content the text it matches
 * @param singleWord matches only between word boundaries
 * @param lstrip swallows the white space before it
 * @param rstrip swallows the white space after it
 * @param normalized is matched in the normalised text instead of the raw one; if null, unless the token is special
 * @param special is left out by {@code decode(ids, true)}
 */
public record AddedToken(int id, String content, boolean singleWord, boolean lstrip, boolean rstrip, Boolean normalized,
    boolean special) {

  static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
    .disableHtmlEscaping()
    .create();

  public AddedToken {
    Objects.requireNonNull(content);
    normalized = normalized == null ? !special : normalized;
  }

  /** A token as transformers' {@code add_tokens} makes it. */
  static AddedToken of(int id, String content, boolean special) {
    return of(id, content, special, !special);
  }

  static AddedToken of(int id, String content, boolean special, boolean normalized) {
    return new AddedToken(id, content, false, false, false, normalized, special);
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

  /** The form in tokenizer.json. */
  JsonObject toJson() {
    return GSON.toJsonTree(this).getAsJsonObject();
  }
}
