package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.coldstart.io.json.JsonFiles;

/**
 * The files beside tokenizer.json: the roles of tokens (bos, eos, pad …) and the chat templates. Immutable; keys not
 * known here are kept.
 */
public final class TokenizerConfig {
  static final String FILE = "tokenizer_config.json";
  static final String ROLES_FILE = "special_tokens_map.json";
  static final String TEMPLATE_FILE = "chat_template.jinja";
  private static final String FURTHER_TEMPLATES = "additional_chat_templates";
  private static final String TEMPLATES = "chat_template";
  private static final String DEFAULT = "default";

  /** The roles that transformers knows by name, and hands to chat templates. */
  private static final List<String> ROLES = Stream.of("bos", "eos", "unk", "sep", "pad", "cls", "mask")
    .map(r -> r + "_token")
    .toList();

  /** Two names for one list: transformers 4 and 5. */
  private static final List<String> FURTHER = List.of("additional_special_tokens", "extra_special_tokens");

  /** One of several chat templates, as tokenizer_config.json lists them. */
  private record NamedTemplate(String name, String template) {
    NamedTemplate {
      Objects.requireNonNull(name);
      Objects.requireNonNull(template);
    }
  }

  private final JsonObject json;
  private final String origin;

  TokenizerConfig(JsonObject json, String origin) {
    this.json = json;
    this.origin = origin;
  }

  /** Reads the files of a folder, each of which may be absent. */
  static TokenizerConfig read(Path folder) {
    Path file = folder.resolve(FILE);
    JsonObject json = Files.exists(file) ? JsonFiles.read(file, TokenizerException::new) : new JsonObject();
    Path roles = folder.resolve(ROLES_FILE);
    // transformers reads the older file only where the newer says nothing about added tokens.
    if (!json.has("added_tokens_decoder") && Files.exists(roles)) {
      json.asMap().putAll(JsonFiles.read(roles, TokenizerException::new).asMap());
    }
    TokenizerConfig config = new TokenizerConfig(json, file.toString());
    // Templates in files of their own stand in for all that the config holds.
    Map<String, String> templates = templateFiles(folder);
    return templates.isEmpty() ? config : config.withTemplates(templates);
  }

  /** transformers 5 writes the default template beside the other files, others in a folder. */
  private static Map<String, String> templateFiles(Path folder) {
    Map<String, String> templates = new TreeMap<>();
    Path own = folder.resolve(TEMPLATE_FILE);
    if (Files.exists(own)) {
      templates.put(DEFAULT, JsonFiles.text(own, TokenizerException::new));
    }
    Path further = folder.resolve(FURTHER_TEMPLATES);
    if (Files.isDirectory(further)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(further, "*.jinja")) {
        for (Path file : files) {
          String name = file.getFileName().toString().replaceFirst("\\.jinja$", "");
          templates.put(name, JsonFiles.text(file, TokenizerException::new));
        }
      } catch (IOException e) {
        throw new TokenizerException(further + " cannot be listed: " + e.getMessage(), e);
      }
    }
    return templates;
  }

  /** The token with a role such as {@code bos_token}. */
  public Optional<String> token(String role) {
    return value(role).map(value -> content(role, value));
  }

  /** This with a token in a role. */
  public TokenizerConfig withToken(String role, String token) {
    return with(role, token);
  }

  private TokenizerConfig with(String key, Object value) {
    TokenizerConfig changed = new TokenizerConfig(json(), origin);
    changed.json.add(key, AddedToken.GSON.toJsonTree(value));
    return changed;
  }

  /** The tokens with a role, by role. */
  public Map<String, String> roles() {
    Map<String, String> roles = new LinkedHashMap<>();
    ROLES.forEach(role -> token(role).ifPresent(token -> roles.put(role, token)));
    return roles;
  }

  /** Special tokens without a role: in a list, or by the model's own names, such as {@code image_token}. */
  List<String> furtherSpecialTokens() {
    List<String> tokens = new ArrayList<>();
    for (String key : FURTHER) {
      Collection<JsonElement> listed = json.get(key) instanceof JsonArray list ? list.asList()
          : json.get(key) instanceof JsonObject named ? named.asMap().values() : List.of();
      listed.forEach(token -> tokens.add(content(key, token)));
    }
    json.asMap().forEach((key, value) -> {
      if (key.endsWith("_token") && !ROLES.contains(key) && isString(value)) {
        tokens.add(value.getAsString());
      }
    });
    return tokens;
  }

  Optional<JsonElement> additionalSpecialTokens() {
    return value(FURTHER.get(0));
  }

  /** Added tokens that the config lists; tokenizer.json may lack some of them in checkpoints of old versions. */
  List<AddedToken> addedTokens() {
    String key = "added_tokens_decoder";
    try {
      List<AddedToken> tokens = new ArrayList<>();
      value(key).map(table -> table.getAsJsonObject().asMap())
        .orElse(Map.of())
        .forEach((id, token) -> tokens.add(AddedToken.of(Integer.parseInt(id), token)));
      return tokens;
    } catch (RuntimeException e) {
      throw wrong(key, json.get(key), e);
    }
  }

  /** The chat template's source; of several, the one named "default". */
  public Optional<String> chatTemplate() {
    return chatTemplate(DEFAULT);
  }

  /** The source of the chat template of this name. */
  public Optional<String> chatTemplate(String name) {
    return Optional.ofNullable(templates().get(name));
  }

  /** Whether there is a template, and no others beside it under names of their own. */
  boolean hasSingleTemplate() {
    return templates().keySet().equals(Set.of(DEFAULT));
  }

  /** This with a template in place of all it had, as transformers' {@code tokenizer.chat_template = …}. */
  public TokenizerConfig withChatTemplate(String source) {
    return withTemplates(Map.of(DEFAULT, source));
  }

  private Map<String, String> templates() {
    Map<String, String> templates = new LinkedHashMap<>();
    value(TEMPLATES).ifPresent(value -> {
      if (!value.isJsonArray()) {
        templates.put(DEFAULT, content(TEMPLATES, value));
        return;
      }
      try {
        List.of(AddedToken.GSON.fromJson(value, NamedTemplate[].class))
          .forEach(each -> templates.put(each.name(), each.template()));
      } catch (RuntimeException e) {
        throw wrong(TEMPLATES, value, e);
      }
    });
    return templates;
  }

  /** One is written as a text, several as a list. */
  private TokenizerConfig withTemplates(Map<String, String> templates) {
    List<NamedTemplate> list = new ArrayList<>();
    templates.forEach((name, template) -> list.add(new NamedTemplate(name, template)));
    boolean single = templates.keySet().equals(Set.of(DEFAULT));
    return with(TEMPLATES, single ? templates.get(DEFAULT) : list);
  }

  /** A copy of everything. */
  JsonObject json() {
    return json.deepCopy();
  }

  private Optional<JsonElement> value(String key) {
    return Optional.ofNullable(json.get(key)).filter(value -> !value.isJsonNull());
  }

  /** A token is written as a string or as an object with its content. */
  private String content(String key, JsonElement value) {
    JsonElement text = value.isJsonObject() ? value.getAsJsonObject().get("content") : value;
    if (!isString(text)) {
      throw wrong(key, value, null);
    }
    return text.getAsString();
  }

  private static boolean isString(JsonElement value) {
    return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
  }

  private TokenizerException wrong(String key, JsonElement value, RuntimeException cause) {
    String text = String.valueOf(value);
    String shown = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return new TokenizerException(origin + ": " + key + " cannot be " + shown, cause);
  }
}
