package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Refuses the parts of a tokenizer.json that the native library cannot be trusted with.
 *
 * <p>It reports most mistakes as exceptions, but on those named here (tokenizers 0.21) it ends the
 * process instead.
 */
final class Pipeline {
  private static final Set<String> NORMALIZERS =
      Set.of(
          "Sequence",
          "NFC",
          "NFD",
          "NFKC",
          "NFKD",
          "Lowercase",
          "Strip",
          "StripAccents",
          "Prepend",
          "Replace",
          "Nmt",
          "BertNormalizer",
          "ByteLevel");
  private static final Set<String> PRE_TOKENIZERS =
      Set.of(
          "Sequence",
          "ByteLevel",
          "Digits",
          "Split",
          "Metaspace",
          "Whitespace",
          "WhitespaceSplit",
          "Punctuation",
          "BertPreTokenizer",
          "CharDelimiterSplit",
          "UnicodeScripts");
  private static final Set<String> POST_PROCESSORS =
      Set.of("Sequence", "ByteLevel", "TemplateProcessing");
  private static final Set<String> DECODERS =
      Set.of(
          "Sequence",
          "ByteLevel",
          "ByteFallback",
          "Fuse",
          "Strip",
          "Replace",
          "Metaspace",
          "BPEDecoder");

  private final JsonObject root;
  private final String origin;

  Pipeline(JsonObject root, String origin) {
    this.root = root;
    this.origin = origin;
  }

  /**
   * Checks every step before and after the model.
   *
   * @param size number of tokens, for the ids that a post-processor puts in
   */
  void checkSteps(int size) {
    steps("normalizer", "normalizers", NORMALIZERS, step -> replace(step, "normalizer"));
    steps("pre_tokenizer", "pretokenizers", PRE_TOKENIZERS, step -> {});
    steps("post_processor", "processors", POST_PROCESSORS, step -> template(step, size));
    steps("decoder", "decoders", DECODERS, this::decoder);
  }

  /** Checks that the model is BPE without the parts that are not supported. */
  void checkModel() {
    JsonObject model = root.getAsJsonObject("model");
    JsonElement type = model.get("type");
    boolean bpe = type == null ? model.has("merges") : type.getAsString().equals("BPE");
    if (!bpe) {
      throw new TokenizerException(
          origin
              + " holds a model of kind "
              + type
              + "; known is BPE, the kind of every "
              + "Llama, SmolLM, Qwen and Gemma");
    }
    model.getAsJsonArray("merges");
    // A prefix longer than a merged token makes the native library cut a string out of its bounds.
    if (!isBlank(model.get("continuing_subword_prefix"))) {
      throw new TokenizerException(
          origin + " uses continuing_subword_prefix, which is not supported");
    }
    JsonElement unknown = model.get("unk_token");
    if (!isBlank(unknown) && !model.getAsJsonObject("vocab").has(unknown.getAsString())) {
      throw new TokenizerException(origin + ": unk_token " + unknown + " is not in the vocabulary");
    }
  }

  private void steps(String part, String children, Set<String> known, Consumer<JsonObject> check) {
    JsonElement step = root.get(part);
    if (step != null && !step.isJsonNull()) {
      step(step.getAsJsonObject(), part, children, known, check);
    }
  }

  private void step(
      JsonObject json,
      String part,
      String children,
      Set<String> known,
      Consumer<JsonObject> check) {
    JsonElement type = json.get("type");
    if (type == null || !known.contains(type.getAsString())) {
      throw new TokenizerException(
          origin
              + ": "
              + part
              + " of kind "
              + type
              + " is not known; known are "
              + String.join(", ", known.stream().sorted().toList()));
    }
    if (type.getAsString().equals("Sequence")) {
      for (JsonElement child : json.getAsJsonArray(children)) {
        step(child.getAsJsonObject(), part, children, known, check);
      }
    } else {
      check.accept(json);
    }
  }

  /** Replacing nothing by something makes the native library read past the end of the text. */
  private void replace(JsonObject json, String part) {
    if (!isKind(json, "Replace")) {
      return;
    }
    JsonObject pattern = json.getAsJsonObject("pattern");
    if (!pattern.has("String") || pattern.get("String").getAsString().isEmpty()) {
      throw new TokenizerException(
          origin + ": the " + part + "'s Replace needs a text to look for, not " + pattern);
    }
  }

  /** Strip counts back past the start of tokens shorter than its {@code stop}. */
  private void decoder(JsonObject json) {
    replace(json, "decoder");
    if (isKind(json, "Strip") && json.get("stop").getAsInt() != 0) {
      throw new TokenizerException(
          origin + ": the decoder's Strip with stop " + json.get("stop") + " is not supported");
    }
  }

  /** A template that names a token its own table lacks ends the process at the first encode. */
  private void template(JsonObject json, int size) {
    if (!isKind(json, "TemplateProcessing")) {
      return;
    }
    for (String form : new String[] {"single", "pair"}) {
      for (JsonElement piece : json.getAsJsonArray(form)) {
        JsonElement special = piece.getAsJsonObject().get("SpecialToken");
        if (special != null) {
          named(
              json.getAsJsonObject("special_tokens"),
              special.getAsJsonObject().get("id").getAsString(),
              size);
        }
      }
    }
  }

  private void named(JsonObject table, String name, int size) {
    if (!table.has(name)) {
      throw new TokenizerException(
          origin + ": the post_processor uses the token \"" + name + "\" but does not define it");
    }
    JsonArray ids = table.getAsJsonObject(name).getAsJsonArray("ids");
    JsonArray tokens = table.getAsJsonObject(name).getAsJsonArray("tokens");
    if (ids.size() == 0 || ids.size() != tokens.size()) {
      throw new TokenizerException(
          origin + ": the post_processor's token \"" + name + "\" needs one id for each text");
    }
    for (JsonElement id : ids) {
      if (id.getAsLong() < 0 || id.getAsLong() >= size) {
        throw new TokenizerException(
            origin
                + ": the post_processor's token \""
                + name
                + "\" has id "
                + id
                + ", but there are "
                + size
                + " tokens");
      }
    }
  }

  private static boolean isKind(JsonObject step, String kind) {
    return step.get("type").getAsString().equals(kind);
  }

  private static boolean isBlank(JsonElement value) {
    return value == null || value.isJsonNull() || value.getAsString().isEmpty();
  }
}
