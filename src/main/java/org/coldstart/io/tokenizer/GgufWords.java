package org.coldstart.io.tokenizer;

import static org.coldstart.io.tokenizer.TokenizerSteps.byteLevel;
import static org.coldstart.io.tokenizer.TokenizerSteps.object;
import static org.coldstart.io.tokenizer.TokenizerSteps.step;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How a byte-level BPE splits text into words, which GGUF only names (llama.cpp's llama-vocab.cpp has the names). */
enum GgufWords {
  GPT_2(List.of("gpt-2"), List.of(byteLevel(true)), null, false),
  SMOLLM(List.of("smollm"), List.of(step("Digits", "individual_digits", true), byteLevel(true)), null, false),
  LLAMA_BPE(List.of("llama-bpe", "llama3", "llama-v3", "falcon3"), splitBy(general("\\p{N}{1,3}")), null, true),
  SMAUG_BPE(List.of("smaug-bpe"), splitBy(general("\\p{N}{1,3}")), null, false),
  /** Mistral's: capitals, then small letters; numbers digit by digit. */
  TEKKEN(List.of("tekken"), splitBy("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
      + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}"
      + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), null, true),
  QWEN2(List.of("qwen2", "deepseek-r1-qwen"), splitBy(general("\\p{N}")), step("NFC"), false);

  /** llama.cpp's; the first is the one that is written. */
  final List<String> names;

  final List<JsonObject> preTokenizers;

  /** Null for none. */
  final JsonObject normalizer;

  /** Whether a word that is a token is not put together from pieces, and texts begin with BOS. */
  final boolean wholeWords;

  GgufWords(List<String> names, List<JsonObject> preTokenizers, JsonObject normalizer, boolean wholeWords) {
    this.names = names;
    this.preTokenizers = preTokenizers;
    this.normalizer = normalizer;
    this.wholeWords = wholeWords;
  }

  /** Contractions, words, numbers, punctuation, line ends, spaces. */
  private static String general(String numbers) {
    return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }

  private static List<JsonObject> splitBy(String pattern) {
    return List.of(step("Split", "pattern", object("Regex", pattern), "behavior", "Isolated", "invert", false),
        byteLevel(false));
  }

  static Optional<GgufWords> named(String name) {
    return Arrays.stream(values()).filter(words -> words.names.contains(name)).findFirst();
  }

  static String allNames() {
    return Arrays.stream(values()).flatMap(words -> words.names.stream()).collect(Collectors.joining(", "));
  }

  /** The rule of a tokenizer.json; empty if it is none of these. */
  static Optional<GgufWords> of(JsonObject tokenizer) {
    JsonElement whole = tokenizer.getAsJsonObject("model").get("ignore_merges");
    boolean wholeWords = whole != null && !whole.isJsonNull() && whole.getAsBoolean();
    return Arrays.stream(values())
      .filter(words -> words.wholeWords == wholeWords)
      .filter(words -> steps(tokenizer.get("normalizer")).equals(Stream.ofNullable(words.normalizer).toList()))
      .filter(words -> steps(tokenizer.get("pre_tokenizer"))
        .equals(words.preTokenizers.stream().flatMap(step -> steps(step).stream()).toList()))
      .findFirst();
  }

  /** A part's steps, without what changes no token. */
  static List<JsonObject> steps(JsonElement part) {
    if (part == null || part.isJsonNull()) {
      return List.of();
    }
    JsonObject step = part.getAsJsonObject();
    JsonElement children = Stream.of("normalizers", "pretokenizers")
      .map(step::get)
      .filter(Objects::nonNull)
      .findFirst()
      .orElse(null);
    if (children != null) {
      return children.getAsJsonArray().asList().stream().flatMap(child -> steps(child).stream()).toList();
    }
    JsonObject bare = step.deepCopy();
    bare.remove("trim_offsets");
    return List.of(bare);
  }
}
