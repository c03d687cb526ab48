package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.coldstart.io.checkpoint.GgufMetadata;

/** Builds a tokenizer.json and its config from the tables in a GGUF file. */
final class GgufTokenizer {
  private static final String SPACE = "\u2581";

  /** Contractions, words, numbers (put in for %s), punctuation, line ends, spaces. */
  private static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private final GgufMetadata metadata;
  private final String origin;
  private final GgufTokens tokens;

  private GgufTokenizer(GgufMetadata metadata, String origin) {
    this.metadata = metadata;
    this.origin = origin;
    this.tokens = GgufTokens.read(metadata, origin);
  }

  static TokenizerFiles read(GgufMetadata metadata, String origin) {
    String kind =
        metadata
            .string("tokenizer.ggml.model")
            .orElseThrow(() -> GgufTokens.missing(origin, "model"));
    if (!kind.equals("gpt2") && !kind.equals("llama")) {
      throw new TokenizerException(
          ("%s: tokenizer.ggml.model is \"%s\"; known are gpt2 (byte-level BPE) and llama"
                  + " (SentencePiece BPE). Load the model from a folder with tokenizer.json instead.")
              .formatted(origin, kind));
    }
    GgufTokenizer gguf = new GgufTokenizer(metadata, origin);
    JsonObject root = kind.equals("gpt2") ? gguf.byteLevel() : gguf.sentencePiece();
    return TokenizerFiles.of(root, origin, new TokenizerConfig(gguf.config(), origin));
  }

  private JsonObject config() {
    OptionalLong length =
        metadata.integer(
            metadata.string("general.architecture").orElse("llama") + ".context_length");
    return TokenizerSteps.object(
        "bos_token", role("bos"),
        "eos_token", role("eos"),
        "unk_token", role("unknown"),
        "pad_token", role("padding"),
        "clean_up_tokenization_spaces", false,
        "model_max_length", length.isPresent() ? length.getAsLong() : null,
        "chat_template", metadata.string("tokenizer.chat_template").orElse(null));
  }

  private String role(String key) {
    AddedToken token = tokens.role(key);
    return token == null ? null : token.content();
  }

  private JsonElement postProcessor(boolean addsBos) {
    return TokenizerSteps.postProcessor(around("bos", addsBos), around("eos", false));
  }

  /** The token if it is to be put around every text, or null; the file may not say. */
  private AddedToken around(String key, boolean otherwise) {
    boolean wanted = metadata.bool("tokenizer.ggml.add_" + key + "_token").orElse(otherwise);
    return wanted ? tokens.role(key) : null;
  }

  /**
   * Byte-level BPE, as Llama 3, SmolLM2, Qwen and GPT-2 use it. GGUF holds only the name of how
   * words are split; the patterns are those of each model's own tokenizer.json.
   */
  private JsonObject byteLevel() {
    JsonArray merges = new JsonArray();
    metadata
        .strings("tokenizer.ggml.merges")
        .orElseThrow(() -> GgufTokens.missing(origin, "merges"))
        .forEach(merges::add);
    String words = metadata.string("tokenizer.ggml.pre").orElse("gpt-2");
    List<JsonObject> preTokenizers =
        switch (words) {
          case "gpt-2" -> List.of(TokenizerSteps.byteLevel(true));
          case "smollm" ->
              List.of(
                  TokenizerSteps.step("Digits", "individual_digits", true),
                  TokenizerSteps.byteLevel(true));
          case "llama-bpe" -> List.of(split("\\p{N}{1,3}"), TokenizerSteps.byteLevel(false));
          case "qwen2" -> List.of(split("\\p{N}"), TokenizerSteps.byteLevel(false));
          default ->
              throw new TokenizerException(
                  ("%s: tokenizer.ggml.pre is \"%s\"; known are gpt-2, smollm, llama-bpe, qwen2."
                          + " Load the model from a folder with tokenizer.json instead.")
                      .formatted(origin, words));
        };
    boolean llama3 = words.equals("llama-bpe");
    JsonObject model = TokenizerSteps.bpe(tokens.vocabulary(), merges);
    model.addProperty("ignore_merges", llama3); // a word that is a token is not put together
    return TokenizerSteps.document(
        tokens.addedTokens(false),
        words.equals("qwen2") ? TokenizerSteps.step("NFC") : JsonNull.INSTANCE,
        TokenizerSteps.step("Sequence", "pretokenizers", preTokenizers),
        postProcessor(llama3),
        TokenizerSteps.byteLevel(true),
        model);
  }

  private static JsonObject split(String numbers) {
    Map<String, String> pattern = Map.of("Regex", SPLIT.formatted(numbers));
    return TokenizerSteps.step(
        "Split", "pattern", pattern, "behavior", "Isolated", "invert", false);
  }

  /**
   * SentencePiece BPE, as Llama 2 and Gemma use it. Spaces become {@code \u2581}; what the
   * vocabulary does not know becomes bytes. Llama 2 puts a space in front of every piece of text
   * between special tokens, Gemma does not.
   */
  private JsonObject sentencePiece() {
    boolean prefix = metadata.bool("tokenizer.ggml.add_space_prefix").orElse(true);
    GgufTokens spelled = prefix ? tokens : tokens.withVisibleSpaces();
    List<JsonObject> normalizers = new ArrayList<>(List.of(TokenizerSteps.replace(" ", SPACE)));
    List<JsonObject> decoders =
        new ArrayList<>(
            List.of(
                TokenizerSteps.replace(SPACE, " "),
                TokenizerSteps.step("ByteFallback"),
                TokenizerSteps.step("Fuse")));
    if (prefix) {
      normalizers.add(0, TokenizerSteps.step("Prepend", "prepend", SPACE));
      decoders.add(TokenizerSteps.step("Strip", "content", " ", "start", 1, "stop", 0));
    }
    JsonObject model = TokenizerSteps.bpe(spelled.vocabulary(), merges(spelled, scores()));
    if (role("unknown") != null) {
      model.addProperty("unk_token", role("unknown"));
    }
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", true);
    return TokenizerSteps.document(
        // in normalised text a token's own text would have a space in front, too
        spelled.addedTokens(!prefix),
        TokenizerSteps.step("Sequence", "normalizers", normalizers),
        JsonNull.INSTANCE,
        postProcessor(true),
        TokenizerSteps.step("Sequence", "decoders", decoders),
        model);
  }

  /** A BPE's scores count merges; those of a Unigram model are logarithms of probabilities. */
  private double[] scores() {
    double[] scores =
        metadata
            .numbers("tokenizer.ggml.scores")
            .orElseThrow(() -> GgufTokens.missing(origin, "scores"));
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

  /**
   * SentencePiece joins whichever two neighbours make the token of the highest score. A list of
   * merges says the same if it names every way to halve every token, in the order of the scores.
   * Ways to make one token follow each other as transformers orders them ({@code generate_merges}):
   * the longer left half first. Bytes, control tokens and the user's own are never put together.
   */
  private static JsonArray merges(GgufTokens tokens, double[] scores) {
    record Merge(String left, String right, double score) {}
    Set<String> pieces = tokens.normal().mapToObj(tokens::text).collect(Collectors.toSet());
    List<Merge> merges = new ArrayList<>();
    tokens
        .normal()
        .forEach(
            id -> {
              String piece = tokens.text(id);
              int points = piece.codePointCount(0, piece.length());
              for (int count = 1; count < points; count++) {
                int at = piece.offsetByCodePoints(0, count);
                String left = piece.substring(0, at);
                String right = piece.substring(at);
                if (pieces.contains(left) && pieces.contains(right)) {
                  merges.add(new Merge(left, right, scores[id]));
                }
              }
            });
    merges.sort(
        Comparator.comparingDouble(Merge::score)
            .thenComparingLong(merge -> merge.left().codePoints().count())
            .thenComparingLong(merge -> merge.right().codePoints().count())
            .reversed());
    JsonArray pairs = new JsonArray();
    merges.forEach(
        merge -> pairs.add(AddedToken.GSON.toJsonTree(List.of(merge.left(), merge.right()))));
    return pairs;
  }
}
