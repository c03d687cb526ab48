package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Collection;
import java.util.HashMap;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer.json: its tokens, and the JSON the native tokenizer is built from.
 *
 * <p>
 * Immutable: adding tokens gives a new one that shares the model's vocabulary. What the native library silently changes
 * or ends the process on is checked here first.
 */
public final class TokenizerJson {
  private static final List<String> PREFIXING = List.of("normalizer", "pre_tokenizer");

  private final JsonObject root;
  private final String origin;
  private final Vocabulary vocabulary;
  private final boolean hasPrefix;

  private TokenizerJson(JsonObject source, String origin, Vocabulary vocabulary) {
    this.origin = origin;
    this.vocabulary = vocabulary;
    this.root = shallowCopy(source);
    JsonArray added = new JsonArray();
    vocabulary.added().forEach(token -> added.add(token.toJson()));
    root.add("added_tokens", added);
    hasPrefix = PREFIXING.stream().anyMatch(this::addsPrefix);
  }

  /** Checks and indexes a parsed tokenizer.json, without the sections that would truncate and pad every text. */
  static TokenizerJson of(JsonObject source, String origin) {
    try {
      JsonObject root = shallowCopy(source);
      List.of("truncation", "padding").forEach(root::remove);
      PipelineCheck check = new PipelineCheck(root, origin);
      check.model();
      Vocabulary vocabulary = new Vocabulary(model(root), added(root), origin);
      check.steps(vocabulary.size());
      return new TokenizerJson(root, origin, vocabulary);
    } catch (TokenizerException e) {
      throw e;
    } catch (RuntimeException e) {
      // Gson's own: a cast, a null, a number out of range.
      throw new TokenizerException(origin + " is damaged (a part is missing or has the wrong type); fetch it again", e);
    }
  }

  /** Its tokens. */
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  String origin() {
    return origin;
  }

  JsonObject json() {
    return root;
  }

  /** This with further added tokens; those of a text that is there replace it. */
  TokenizerJson with(Collection<AddedToken> tokens) {
    boolean changes = tokens.stream().anyMatch(token -> !token.equals(vocabulary.added(token.content())));
    return changes ? new TokenizerJson(root, origin, vocabulary.with(tokens)) : this;
  }

  /**
   * This with new tokens, behind the others; those that are there become special if {@code special}. Where a normalizer
   * puts a space in front of every text, new ones are matched in the raw text: else their own would begin with it, too.
   *
   * @throws IllegalArgumentException if a token is empty, given twice, or an ordinary piece of text
   */
  public TokenizerJson withTokens(boolean special, String... tokens) {
    if (tokens == null || Arrays.asList(tokens).contains(null)) {
      throw new IllegalArgumentException("a token to add is null; a token is a text, such as \"<think>\"");
    }
    List<String> wanted = List.of(tokens);
    if (new HashSet<>(wanted).size() < tokens.length) {
      throw new IllegalArgumentException("a token is given twice among " + wanted);
    }
    wanted.forEach(vocabulary::checkNew);
    return with(vocabulary.changes(special, !special && !addsPrefix("normalizer"), wanted));
  }

  /** The BPE's merge rules in the order learnt, each as {@code left right}; newer files write them as pairs. */
  public List<String> merges() {
    return root.getAsJsonObject("model").get("merges") instanceof JsonArray rules
        ? rules.asList().stream().map(TokenizerJson::merge).toList()
        : List.of();
  }

  private static String merge(JsonElement rule) {
    return rule instanceof JsonArray pair ? pair.get(0).getAsString() + " " + pair.get(1).getAsString()
        : rule.getAsString();
  }

  /** JSON of a tokenizer that knows the ordinary vocabulary only. */
  JsonObject withoutAddedTokens() {
    JsonObject copy = shallowCopy(root);
    copy.add("added_tokens", new JsonArray());
    return copy;
  }

  /** Whether {@code Prepend} (Llama 2), {@code Metaspace} or {@code ByteLevel} puts a space in front of every text. */
  boolean hasPrefix() {
    return hasPrefix;
  }

  private boolean addsPrefix(String part) {
    return root.has(part) && !withoutPrefix(root.get(part)).equals(root.get(part));
  }

  /** JSON of a tokenizer that puts nothing in front of a text. */
  JsonObject withoutPrefix() {
    JsonObject copy = shallowCopy(root);
    for (String part : PREFIXING) {
      if (root.has(part)) {
        copy.add(part, withoutPrefix(root.get(part)));
      }
    }
    return copy;
  }

  private static JsonElement withoutPrefix(JsonElement part) {
    if (!part.isJsonObject()) {
      return part;
    }
    JsonObject step = part.getAsJsonObject();
    JsonObject copy = step.deepCopy();
    switch (step.get("type").getAsString()) {
    case "Sequence" -> {
      String children = step.has("normalizers") ? "normalizers" : "pretokenizers";
      JsonArray kept = new JsonArray();
      step.getAsJsonArray(children).forEach(child -> kept.add(withoutPrefix(child)));
      copy.add(children, kept);
    }
    case "Prepend" -> {
      return TokenizerSteps.step("Sequence", "normalizers", List.of());
    }
    case "Metaspace" -> {
      copy.remove("add_prefix_space"); // an older name of the same
      copy.addProperty("prepend_scheme", "never");
    }
    default -> {
      if (step.has("add_prefix_space")) {
        copy.addProperty("add_prefix_space", false);
      }
    }
    }
    return copy;
  }

  private static Map<String, Integer> model(JsonObject root) {
    JsonObject json = root.getAsJsonObject("model").getAsJsonObject("vocab");
    Map<String, Integer> vocabulary = new HashMap<>(2 * json.size());
    json.asMap().forEach((token, id) -> vocabulary.put(token, exactInt(id)));
    return vocabulary;
  }

  private static List<AddedToken> added(JsonObject root) {
    JsonElement array = root.get("added_tokens");
    return array == null || array.isJsonNull() ? List.of()
        : array.getAsJsonArray()
          .asList()
          .stream()
          .map(json -> AddedToken.of(exactInt(json.getAsJsonObject().get("id")), json))
          .toList();
  }

  private static int exactInt(JsonElement value) {
    boolean isInt = value instanceof JsonPrimitive one && one.isNumber() && one.getAsNumber() instanceof Integer;
    return isInt ? value.getAsInt() : value.getAsBigDecimal().intValueExact();
  }

  private static JsonObject shallowCopy(JsonObject object) {
    JsonObject copy = new JsonObject();
    copy.asMap().putAll(object.asMap());
    return copy;
  }
}
