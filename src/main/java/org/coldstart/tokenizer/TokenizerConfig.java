package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.coldstart.io.json.JsonFiles;

/**
 * What stands beside tokenizer.json: the roles of tokens (bos, eos, pad …), chat template.
 */
final class TokenizerConfig {
  static final String FILE = "tokenizer_config.json";
  static final String TOKEN_ROLES_FILE = "special_tokens_map.json";
  static final String TEMPLATE_FILE = TemplateFiles.DEFAULT;

  /** The roles that transformers knows by name, and hands to chat templates. */
  static final List<String> ROLES =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  /** Two names for one list: transformers 4 and 5. */
  private static final List<String> FURTHER =
      List.of("additional_special_tokens", "extra_special_tokens");

  private final JsonObject json;
  private final String origin;

  TokenizerConfig(JsonObject json, String origin) {
    this.json = json;
    this.origin = origin;
  }

  /** Reads the files of a folder, each of which may be absent. */
  static TokenizerConfig read(Path folder) {
    Path file = folder.resolve(FILE);
    JsonObject json =
        Files.exists(file) ? JsonFiles.read(file, TokenizerException::new) : new JsonObject();
    Path roles = folder.resolve(TOKEN_ROLES_FILE);
    // transformers reads the older file only where the newer says nothing about added tokens.
    if (!json.has("added_tokens_decoder") && Files.exists(roles)) {
      JsonFiles.read(roles, TokenizerException::new)
          .entrySet()
          .forEach(e -> json.add(e.getKey(), e.getValue()));
    }
    // Templates in files of their own stand in for all that the config holds.
    TemplateFiles.read(folder).ifPresent(template -> json.add("chat_template", template));
    return new TokenizerConfig(json, file.toString());
  }

  /** The token with a role such as {@code bos_token}. */
  Optional<String> token(String role) {
    JsonElement value = json.get(role);
    return value == null || value.isJsonNull()
        ? Optional.empty()
        : Optional.of(content(role, value));
  }

  void setToken(String role, String token) {
    json.addProperty(role, token);
  }

  /** All roles that are filled. */
  Map<String, String> roles() {
    Map<String, String> roles = new LinkedHashMap<>();
    ROLES.forEach(role -> token(role).ifPresent(token -> roles.put(role, token)));
    return roles;
  }

  /**
   * Special tokens without a role of their own: in a list, or by names that the model gives them,
   * such as {@code image_token}.
   */
  List<String> furtherSpecialTokens() {
    List<String> result = new ArrayList<>();
    for (String key : FURTHER) {
      JsonElement tokens = json.get(key);
      if (tokens != null && tokens.isJsonArray()) {
        tokens.getAsJsonArray().forEach(token -> result.add(content(key, token)));
      } else if (tokens != null && tokens.isJsonObject()) {
        tokens.getAsJsonObject().entrySet().forEach(e -> result.add(content(key, e.getValue())));
      }
    }
    json.entrySet().stream()
        .filter(e -> e.getKey().endsWith("_token") && !ROLES.contains(e.getKey()))
        .filter(e -> e.getValue().isJsonPrimitive())
        .filter(e -> e.getValue().getAsJsonPrimitive().isString())
        .forEach(e -> result.add(e.getValue().getAsString()));
    return result;
  }

  /**
   * Added tokens that the config lists; tokenizer.json may lack some of them in checkpoints saved
   * by old versions.
   */
  List<AddedToken> addedTokens() {
    JsonElement table = json.get("added_tokens_decoder");
    List<AddedToken> result = new ArrayList<>();
    if (table == null || table.isJsonNull()) {
      return result;
    }
    try {
      table
          .getAsJsonObject()
          .entrySet()
          .forEach(
              e ->
                  result.add(
                      AddedToken.fromJson(
                          Integer.parseInt(e.getKey()), e.getValue().getAsJsonObject())));
      return result;
    } catch (RuntimeException e) {
      throw wrong("added_tokens_decoder", table, e);
    }
  }

  /**
   * The longest text the model was made for, in tokens; empty if not said (transformers writes 1e30
   * then).
   */
  OptionalInt modelMaxLength() {
    JsonElement value = json.get("model_max_length");
    if (value == null || value.isJsonNull()) {
      return OptionalInt.empty();
    }
    try {
      double length = value.getAsDouble();
      return length > Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of((int) length);
    } catch (RuntimeException e) {
      throw wrong("model_max_length", value, e);
    }
  }

  /** The chat template's source; of several, the one named "default". */
  Optional<String> chatTemplate() {
    JsonElement value = json.get("chat_template");
    if (value == null || value.isJsonNull()) {
      return Optional.empty();
    }
    if (value.isJsonArray()) {
      return defaultTemplate().map(named -> named.get("template").getAsString());
    }
    return Optional.of(content("chat_template", value));
  }

  /** Whether there is a template, and no others beside it under names of their own. */
  boolean hasSingleTemplate() {
    return chatTemplate().isPresent() && !json.get("chat_template").isJsonArray();
  }

  void setChatTemplate(String source) {
    Optional<JsonObject> named = defaultTemplate();
    if (named.isPresent()) {
      named.get().addProperty("template", source);
    } else {
      json.addProperty("chat_template", source);
    }
  }

  /** A copy of everything, keys not known here included. */
  JsonObject json() {
    return json.deepCopy();
  }

  private Optional<JsonObject> defaultTemplate() {
    JsonElement value = json.get("chat_template");
    if (value == null || !value.isJsonArray()) {
      return Optional.empty();
    }
    JsonArray list = value.getAsJsonArray();
    for (JsonElement entry : list) {
      if (!entry.isJsonObject()
          || !entry.getAsJsonObject().has("name")
          || !entry.getAsJsonObject().has("template")) {
        throw wrong("chat_template", entry, null);
      }
      if (entry.getAsJsonObject().get("name").getAsString().equals("default")) {
        return Optional.of(entry.getAsJsonObject());
      }
    }
    return Optional.empty();
  }

  /** A token is written as a string or as an object with its content. */
  private String content(String key, JsonElement value) {
    JsonElement text = value.isJsonObject() ? value.getAsJsonObject().get("content") : value;
    if (text == null || !text.isJsonPrimitive() || !text.getAsJsonPrimitive().isString()) {
      throw wrong(key, value, null);
    }
    return text.getAsString();
  }

  private TokenizerException wrong(String key, JsonElement value, RuntimeException cause) {
    String text = String.valueOf(value == null ? JsonNull.INSTANCE : value);
    String shown = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return new TokenizerException(origin + ": " + key + " cannot be " + shown, cause);
  }
}
