package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a tokenizer.json says: its tokens by id and by text, and the JSON the native tokenizer is
 * built from.
 *
 * <p>Immutable: adding tokens gives a new one that shares the vocabulary. The native library
 * silently renumbers ids that leave a gap, and ends the whole process on some malformed parts, so
 * everything is checked here first.
 */
final class TokenizerJson {
  private final JsonObject root;
  private final String origin;
  private final Map<String, Integer> vocabulary;
  private final Map<String, AddedToken> added;
  private final String[] texts;

  private TokenizerJson(
      JsonObject root,
      String origin,
      Map<String, Integer> vocabulary,
      Map<String, AddedToken> added) {
    this.root = root;
    this.origin = origin;
    this.vocabulary = vocabulary;
    this.added = added;
    this.texts = TokenTable.textsById(vocabulary, added.values(), origin);
  }

  /**
   * Checks and indexes a parsed tokenizer.json. Its truncation and padding sections are dropped:
   * they would cut and fill every text unasked.
   *
   * @param origin the file's name, for errors
   * @throws TokenizerException if a part is missing, has the wrong type, or is of a kind not known
   *     here
   */
  static TokenizerJson of(JsonObject source, String origin) {
    try {
      JsonObject root = shallowCopy(source);
      root.add("truncation", JsonNull.INSTANCE);
      root.add("padding", JsonNull.INSTANCE);
      JsonObject model = root.getAsJsonObject("model");
      if (model == null) {
        throw new TokenizerException(origin + " has no \"model\" part; fetch it again");
      }
      Pipeline pipeline = new Pipeline(root, origin);
      pipeline.checkModel();
      Map<String, AddedToken> added = added(root);
      root.add("added_tokens", array(added.values()));
      TokenizerJson result = new TokenizerJson(root, origin, vocabulary(model), added);
      pipeline.checkSteps(result.size());
      return result;
    } catch (TokenizerException e) {
      throw e;
    } catch (RuntimeException e) {
      // Gson's own: a cast, a null, a number out of range. Its words say nothing to a user.
      throw new TokenizerException(
          origin + " is damaged (a part is missing or has the wrong type); fetch it again", e);
    }
  }

  /** Number of tokens, added ones included; the ids are 0 to this minus 1. */
  int size() {
    return texts.length;
  }

  /** The id of a token, or null. */
  Integer id(String token) {
    AddedToken own = added.get(token);
    return own != null ? Integer.valueOf(own.id()) : vocabulary.get(token);
  }

  /**
   * The same for a token that must be there.
   *
   * @throws IllegalArgumentException if it is not
   */
  int requireId(String token) {
    Integer id = id(token);
    if (id == null) {
      throw new IllegalArgumentException(
          "\"" + token + "\" is not a token of this tokenizer; add it with addTokens");
    }
    return id;
  }

  /**
   * The vocabulary's own spelling of a token.
   *
   * @throws IllegalArgumentException for an id that is not in the vocabulary
   */
  String text(int id) {
    if (id < 0 || id >= texts.length) {
      throw new IllegalArgumentException(
          "id %d is not in the vocabulary of %d tokens (0 to %d)"
              .formatted(id, texts.length, texts.length - 1));
    }
    return texts[id];
  }

  /** The tokens that are matched before the text is split, by id. */
  Collection<AddedToken> addedTokens() {
    return added.values();
  }

  AddedToken addedToken(String content) {
    return added.get(content);
  }

  String origin() {
    return origin;
  }

  /** Whether a text gets a blank or another prefix before it is looked through, as in Llama 2. */
  boolean prependsToText() {
    JsonElement normalizer = root.get("normalizer");
    return normalizer != null
        && normalizer.isJsonObject()
        && !TextPrefix.without(normalizer.getAsJsonObject()).equals(normalizer);
  }

  /**
   * This with other added tokens: those given replace the ones of the same text and come behind the
   * rest otherwise.
   */
  TokenizerJson with(Collection<AddedToken> tokens) {
    Map<String, AddedToken> all = new LinkedHashMap<>(added);
    tokens.forEach(token -> all.put(token.content(), token));
    return rebuilt(sorted(all.values()));
  }

  /** JSON of a tokenizer that knows the ordinary vocabulary only. */
  JsonObject withoutAddedTokens() {
    JsonObject copy = shallowCopy(root);
    copy.add("added_tokens", array(List.of()));
    return copy;
  }

  /** JSON of a tokenizer that puts nothing in front of a text; our own if that puts nothing. */
  JsonObject withoutPrefix() {
    JsonObject copy = shallowCopy(root);
    for (String part : List.of("normalizer", "pre_tokenizer")) {
      JsonElement step = root.get(part);
      if (step != null && step.isJsonObject()) {
        copy.add(part, TextPrefix.without(step.getAsJsonObject()));
      }
    }
    return copy.equals(root) ? root : copy;
  }

  JsonObject json() {
    return root;
  }

  private TokenizerJson rebuilt(Map<String, AddedToken> tokens) {
    JsonObject copy = shallowCopy(root);
    copy.add("added_tokens", array(tokens.values()));
    return new TokenizerJson(copy, origin, vocabulary, tokens);
  }

  private static JsonArray array(Collection<AddedToken> tokens) {
    JsonArray array = new JsonArray();
    tokens.forEach(token -> array.add(token.toJsonWithId()));
    return array;
  }

  private static JsonObject shallowCopy(JsonObject object) {
    JsonObject copy = new JsonObject();
    object.entrySet().forEach(e -> copy.add(e.getKey(), e.getValue()));
    return copy;
  }

  private static Map<String, Integer> vocabulary(JsonObject model) {
    JsonObject json = model.getAsJsonObject("vocab");
    Map<String, Integer> vocabulary = new HashMap<>(json.size() * 2);
    json.entrySet().forEach(e -> vocabulary.put(e.getKey(), exactInt(e.getValue())));
    return vocabulary;
  }

  private static Map<String, AddedToken> added(JsonObject root) {
    List<AddedToken> tokens = new ArrayList<>();
    JsonElement array = root.get("added_tokens");
    if (array != null && !array.isJsonNull()) {
      for (JsonElement element : array.getAsJsonArray()) {
        JsonObject json = element.getAsJsonObject();
        tokens.add(AddedToken.fromJson(exactInt(json.get("id")), json));
      }
    }
    return sorted(tokens);
  }

  private static Map<String, AddedToken> sorted(Collection<AddedToken> tokens) {
    List<AddedToken> byId = new ArrayList<>(tokens);
    byId.sort(Comparator.comparingInt(AddedToken::id));
    Map<String, AddedToken> result = new LinkedHashMap<>();
    byId.forEach(token -> result.put(token.content(), token));
    return result;
  }

  private static int exactInt(JsonElement value) {
    return value.getAsBigDecimal().intValueExact();
  }
}
