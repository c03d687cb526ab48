package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.coldstart.io.checkpoint.GgufMetadata;

/**
 * How text becomes tokens and back, in the terms of a tokenizer.json.
 *
 * @param tokens the token table as this pipeline spells it
 * @param model vocabulary, merges and what sets this BPE apart
 * @param addsBos whether a BOS is put in front where the file does not say
 * @param matchesNormalized whether added tokens are looked for in normalised text
 */
record GgufPipeline(
    GgufTokens tokens,
    JsonElement normalizer,
    JsonElement preTokenizer,
    JsonElement decoder,
    JsonObject model,
    boolean addsBos,
    boolean matchesNormalized) {

  private static final String SPACE = "\u2581";

  /** Contractions, words, numbers (put in for %s), punctuation, line ends, spaces. */
  private static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  /**
   * Byte-level BPE, as Llama 3, SmolLM2, Qwen and GPT-2 use it. GGUF holds only the name of how
   * words are split; the patterns are those of each model's own tokenizer.json.
   */
  static GgufPipeline byteLevel(GgufMetadata metadata, String origin) {
    GgufTokens tokens = new GgufTokens(metadata, origin);
    JsonArray merges = new JsonArray();
    metadata
        .strings("tokenizer.ggml.merges")
        .orElseThrow(() -> tokens.missing("merges"))
        .forEach(merges::add);
    String words = metadata.string("tokenizer.ggml.pre").orElse("gpt-2");
    JsonObject preTokenizer =
        switch (words) {
          case "gpt-2" -> TokenizerSteps.byteLevel(true);
          case "smollm" ->
              preTokenizers(
                  TokenizerSteps.step("Digits", "individual_digits", true),
                  TokenizerSteps.byteLevel(true));
          case "llama-bpe" -> preTokenizers(split("\\p{N}{1,3}"), TokenizerSteps.byteLevel(false));
          case "qwen2" -> preTokenizers(split("\\p{N}"), TokenizerSteps.byteLevel(false));
          default ->
              throw new TokenizerException(
                  ("%s: tokenizer.ggml.pre is \"%s\"; known are gpt-2, smollm, llama-bpe, qwen2."
                          + " Load the model from a folder with tokenizer.json instead.")
                      .formatted(origin, words));
        };
    boolean llama3 = words.equals("llama-bpe");
    JsonObject model = TokenizerSteps.bpe(tokens.vocabulary(), merges);
    model.addProperty("ignore_merges", llama3); // a word that is a token is not put together
    return new GgufPipeline(
        tokens,
        words.equals("qwen2") ? TokenizerSteps.step("NFC") : JsonNull.INSTANCE,
        preTokenizer,
        TokenizerSteps.byteLevel(true),
        model,
        llama3,
        false);
  }

  private static JsonObject preTokenizers(JsonObject... steps) {
    return TokenizerSteps.step("Sequence", "pretokenizers", steps);
  }

  private static JsonObject split(String numbers) {
    return TokenizerSteps.step(
        "Split",
        "pattern", Map.of("Regex", SPLIT.formatted(numbers)),
        "behavior", "Isolated",
        "invert", false);
  }

  /**
   * SentencePiece BPE, as Llama 2 and Gemma use it. Spaces become {@code \u2581}; what the
   * vocabulary does not know becomes bytes. Llama 2 puts a space in front of every piece of text
   * between special tokens, Gemma does not.
   */
  static GgufPipeline sentencePiece(GgufMetadata metadata, String origin) {
    boolean prefix = metadata.bool("tokenizer.ggml.add_space_prefix").orElse(true);
    GgufTokens listed = new GgufTokens(metadata, origin);
    GgufTokens tokens = prefix ? listed : listed.withVisibleSpaces();
    JsonObject toVisible = TokenizerSteps.replace(" ", SPACE);
    JsonObject toSpace = TokenizerSteps.replace(SPACE, " ");
    JsonObject bytes = TokenizerSteps.step("ByteFallback");
    JsonObject fuse = TokenizerSteps.step("Fuse");
    JsonObject model =
        TokenizerSteps.bpe(
            tokens.vocabulary(), SentencePieceMerges.of(tokens, scores(metadata, origin, tokens)));
    AddedToken unknown = tokens.role("unknown");
    if (unknown != null) {
      model.addProperty("unk_token", unknown.content());
    }
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", true);
    if (!prefix) {
      JsonObject decoder =
          TokenizerSteps.step("Sequence", "decoders", List.of(toSpace, bytes, fuse));
      return new GgufPipeline(tokens, toVisible, JsonNull.INSTANCE, decoder, model, true, true);
    }
    JsonObject prepend = TokenizerSteps.step("Prepend", "prepend", SPACE);
    JsonObject strip = TokenizerSteps.step("Strip", "content", " ", "start", 1, "stop", 0);
    return new GgufPipeline(
        tokens,
        TokenizerSteps.step("Sequence", "normalizers", List.of(prepend, toVisible)),
        JsonNull.INSTANCE,
        TokenizerSteps.step("Sequence", "decoders", List.of(toSpace, bytes, fuse, strip)),
        model,
        true,
        false); // with a space in front of a token's own text, it would match nowhere but there
  }

  /** A BPE's scores count merges; those of a Unigram model are logarithms of probabilities. */
  private static double[] scores(GgufMetadata metadata, String origin, GgufTokens tokens) {
    double[] scores =
        metadata.numbers("tokenizer.ggml.scores").orElseThrow(() -> tokens.missing("scores"));
    if (scores.length < tokens.size()) {
      throw new TokenizerException(
          origin + " has " + tokens.size() + " tokens but " + scores.length + " scores");
    }
    long fractions = tokens.normal().filter(id -> scores[id] != Math.rint(scores[id])).count();
    if (fractions > tokens.normal().count() / 2) {
      throw new TokenizerException(
          origin
              + ": tokenizer.ggml.scores are those of a SentencePiece Unigram model; known is BPE,"
              + " the kind of Llama 2 and Gemma. Load the model from a folder with tokenizer.json"
              + " instead.");
    }
    return scores;
  }
}
