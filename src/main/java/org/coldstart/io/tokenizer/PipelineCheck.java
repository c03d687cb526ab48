package org.coldstart.io.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Refuses the parts of a tokenizer.json on which the native library (tokenizers 0.21) ends the process; most other
 * mistakes it reports as exceptions.
 */
final class PipelineCheck {
  private static final Set<String> NORMALIZERS = kinds(
      "Sequence NFC NFD NFKC NFKD Lowercase Strip StripAccents Prepend Replace Nmt BertNormalizer ByteLevel");
  private static final Set<String> PRE_TOKENIZERS = kinds("Sequence ByteLevel Digits Split Metaspace Whitespace"
      + " WhitespaceSplit Punctuation BertPreTokenizer CharDelimiterSplit UnicodeScripts");
  private static final Set<String> POST_PROCESSORS = kinds("Sequence ByteLevel TemplateProcessing");
  private static final Set<String> DECODERS = kinds(
      "Sequence ByteLevel ByteFallback Fuse Strip Replace Metaspace BPEDecoder");

  private static Set<String> kinds(String names) {
    return new TreeSet<>(List.of(names.split(" ")));
  }

  /** What is checked of a step; a sequence's children stand under the name of their part. */
  private record Step(String type, List<Step> normalizers, List<Step> pretokenizers, List<Step> processors,
      List<Step> decoders, Map<String, String> pattern, int stop, List<Map<String, Piece>> single,
      List<Map<String, Piece>> pair, Map<String, Special> specialTokens) {

    List<Step> children() {
      return Stream.of(normalizers, pretokenizers, processors, decoders)
        .filter(children -> children != null)
        .findFirst()
        .orElseThrow();
    }
  }

  private record Piece(String id) {}

  private record Special(List<Long> ids, List<String> tokens) {}

  private final JsonObject root;
  private final String origin;

  PipelineCheck(JsonObject root, String origin) {
    this.root = root;
    this.origin = origin;
  }

  /** Checks that the model is BPE without the parts that are not supported. */
  void model() {
    JsonObject model = root.getAsJsonObject("model");
    if (model == null) {
      throw refused(" has no \"model\" part; fetch it again");
    }
    JsonElement type = model.get("type");
    if (type == null ? !model.has("merges") : !type.getAsString().equals("BPE")) {
      throw refused(" holds a model of kind %s; known is BPE, that of every Llama, SmolLM, Qwen and Gemma", type);
    }
    model.getAsJsonArray("merges");
    // A prefix longer than a merged token makes the native library cut a string out of its bounds.
    if (!isAbsent(model.get("continuing_subword_prefix"))) {
      throw refused(" uses continuing_subword_prefix, which is not supported");
    }
    JsonElement unknown = model.get("unk_token");
    if (!isAbsent(unknown) && !model.getAsJsonObject("vocab").has(unknown.getAsString())) {
      throw refused(": unk_token %s is not in the vocabulary", unknown);
    }
  }

  /** Checks every step before and after the model; {@code size} is the number of tokens. */
  void steps(int size) {
    part("normalizer", NORMALIZERS, step -> replace(step, "normalizer"));
    part("pre_tokenizer", PRE_TOKENIZERS, step -> {});
    part("post_processor", POST_PROCESSORS, step -> template(step, size));
    part("decoder", DECODERS, this::decoder);
  }

  private void part(String part, Set<String> known, Consumer<Step> check) {
    JsonElement json = root.get(part);
    if (json != null && !json.isJsonNull()) {
      step(AddedToken.GSON.fromJson(json, Step.class), part, known, check);
    }
  }

  private void step(Step step, String part, Set<String> known, Consumer<Step> check) {
    if (step.type() == null || !known.contains(step.type())) {
      throw refused(": %s of kind %s is not known; known are %s", part, step.type(), String.join(", ", known));
    }
    if (step.type().equals("Sequence")) {
      step.children().forEach(child -> step(child, part, known, check));
    } else {
      check.accept(step);
    }
  }

  /** Replacing nothing by something makes the native library read past the end of the text. */
  private void replace(Step step, String part) {
    if (step.type().equals("Replace") && step.pattern().getOrDefault("String", "").isEmpty()) {
      throw refused(": the %s's Replace needs a text to look for, not %s", part, step.pattern());
    }
  }

  /** Strip counts back past the start of tokens shorter than its {@code stop}. */
  private void decoder(Step step) {
    replace(step, "decoder");
    if (step.type().equals("Strip") && step.stop() != 0) {
      throw refused(": the decoder's Strip with stop %s is not supported", step.stop());
    }
  }

  /** A template that names a token its own table lacks ends the process at the first encode. */
  private void template(Step step, int size) {
    if (step.type().equals("TemplateProcessing")) {
      Stream.of(step.single(), step.pair())
        .flatMap(List::stream)
        .filter(piece -> piece.containsKey("SpecialToken"))
        .map(piece -> piece.get("SpecialToken").id())
        .forEach(name -> special(name, step.specialTokens().get(name), size));
    }
  }

  private void special(String name, Special token, int size) {
    if (token == null) {
      throw refused(": the post_processor uses the token \"%s\" but does not define it", name);
    }
    if (token.ids().isEmpty() || token.ids().size() != token.tokens().size()) {
      throw refused(": the post_processor's token \"%s\" needs one id for each text", name);
    }
    for (long id : token.ids()) {
      if (id < 0 || id >= size) {
        throw refused(": the post_processor's token \"%s\" has id %d, but there are %d tokens", name, id, size);
      }
    }
  }

  private TokenizerException refused(String what, Object... arguments) {
    return new TokenizerException(origin + what.formatted(arguments));
  }

  private static boolean isAbsent(JsonElement value) {
    return value == null || value.isJsonNull() || value.getAsString().isEmpty();
  }
}
