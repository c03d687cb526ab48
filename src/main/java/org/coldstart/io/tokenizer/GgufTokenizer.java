package org.coldstart.io.tokenizer;

import static org.coldstart.io.tokenizer.TokenizerSteps.byteLevel;
import static org.coldstart.io.tokenizer.TokenizerSteps.object;
import static org.coldstart.io.tokenizer.TokenizerSteps.replace;
import static org.coldstart.io.tokenizer.TokenizerSteps.step;

import com.google.gson.JsonObject;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.coldstart.io.gguf.GgufMetadata;

/** Builds a tokenizer.json and its config from the tables in a GGUF file. */
final class GgufTokenizer {
  static final String SPACE = "\u2581";

  private static final Logger LOG = System.getLogger(GgufTokenizer.class.getName());

  // llama.cpp's enum llama_token_type
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;
  static final int BYTE = 6;

  private final GgufMetadata metadata;
  private final String origin;
  private final List<String> tokens;

  /** The type of every id. */
  private final long[] kinds;

  private GgufTokenizer(GgufMetadata metadata, String origin) {
    this.metadata = metadata;
    this.origin = origin;
    List<String> all = required(origin, "tokens", metadata::strings);
    this.kinds = required(origin, "token_type", metadata::integers);
    if (kinds.length != all.size()) {
      throw new TokenizerException(origin + " has " + all.size() + " tokens but " + kinds.length + " token types");
    }
    // Up to the last token in use: the rows behind it only fill up the embedding matrix.
    int used = kinds.length;
    while (used > 0 && kinds[used - 1] == UNUSED) {
      used--;
    }
    this.tokens = new ArrayList<>(all.subList(0, used));
  }

  private static <T> T required(String origin, String key, Function<String, Optional<T>> table) {
    return table.apply("tokenizer.ggml." + key)
      .orElseThrow(() -> new TokenizerException(
          "%s has no tokenizer.ggml.%s: it holds no tokenizer, or is no language model".formatted(origin, key)));
  }

  private static TokenizerException refused(String origin, String what, Object... values) {
    return new TokenizerException(
        origin + ": " + what.formatted(values) + ". Load the model from a folder with tokenizer.json instead.");
  }

  static TokenizerFiles read(GgufMetadata metadata, String origin) {
    String kind = required(origin, "model", metadata::string);
    if (!kind.equals("gpt2") && !kind.equals("llama")) {
      throw refused(origin,
          "tokenizer.ggml.model is \"%s\"; known are gpt2 (byte-level BPE) and llama (SentencePiece" + " BPE)", kind);
    }
    GgufTokenizer gguf = new GgufTokenizer(metadata, origin);
    JsonObject root = kind.equals("gpt2") ? gguf.byteLevelBpe() : gguf.sentencePieceBpe();
    return TokenizerFiles.of(root, origin, new TokenizerConfig(gguf.config(), origin));
  }

  private JsonObject config() {
    String architecture = metadata.string("general.architecture").orElse("llama");
    OptionalLong length = metadata.integer(architecture + ".context_length");
    return object("bos_token", text("bos"), "eos_token", text("eos"), "unk_token", text("unknown"), "pad_token",
        text("padding"), "clean_up_tokenization_spaces", false, "model_max_length",
        length.isPresent() ? length.getAsLong() : null, "chat_template",
        metadata.string("tokenizer.chat_template").orElse(null));
  }

  private String text(String role) {
    AddedToken token = role(role);
    return token == null ? null : token.content();
  }

  /** The token with a role, by llama.cpp's word for it, or null. */
  private AddedToken role(String key) {
    OptionalLong id = metadata.integer("tokenizer.ggml." + key + "_token_id");
    if (id.isEmpty()) {
      return null;
    }
    long at = id.getAsLong();
    if (at < 0 || at >= tokens.size()) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.%s_token_id is %d, but there are %d tokens".formatted(origin, key, at, tokens.size()));
    }
    return AddedToken.of((int) at, tokens.get((int) at), true);
  }

  private JsonObject postProcessor(boolean addsBos) {
    return TokenizerSteps.postProcessor(around("bos", addsBos), around("eos", false));
  }

  /** The token if it is to be put around every text, or null; the file may not say. */
  private AddedToken around(String key, boolean otherwise) {
    boolean wanted = metadata.bool("tokenizer.ggml.add_" + key + "_token").orElse(otherwise);
    return wanted ? role(key) : null;
  }

  /** The tokens that are matched before the text is split, in normalised text or in the raw one. */
  private List<AddedToken> addedTokens(boolean normalized) {
    return IntStream.range(0, tokens.size()).filter(this::isAdded).mapToObj(id -> {
      boolean special = kinds[id] != USER_DEFINED;
      return AddedToken.of(id, tokens.get(id), special, normalized && !special);
    }).toList();
  }

  private boolean isAdded(int id) {
    return kinds[id] == CONTROL || kinds[id] == USER_DEFINED || kinds[id] == UNKNOWN;
  }

  /** The model of these merges; added tokens behind its own are in the list of those only. */
  private JsonObject bpe(List<?> merges) {
    int end = tokens.size();
    while (end > 0 && isAdded(end - 1)) {
      end--;
    }
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < end; id++) {
      Integer other = ids.put(tokens.get(id), id);
      if (other != null) {
        throw refused(origin, "token \"%s\" has two ids, %d and %d", tokens.get(id), other, id);
      }
    }
    return TokenizerSteps.bpe(tokens.subList(0, end), merges);
  }

  private GgufWords words() {
    String name = metadata.string("tokenizer.ggml.pre").orElse("");
    if (name.isEmpty()) {
      LOG.log(Level.WARNING, "{0} does not say how its text is split into words (it has no tokenizer.ggml.pre): the"
          + " rule of GPT-2 is taken. If ids differ from those of the original, load a folder with tokenizer.json.",
          origin);
      return GgufWords.GPT_2;
    }
    return GgufWords.named(name)
      .orElseThrow(
          () -> refused(origin, "tokenizer.ggml.pre is \"%s\"; known are %s", name, GgufWords.allNames()));
  }

  /** Byte-level BPE (GPT-2, Llama 3, SmolLM2, Qwen, Mistral Nemo). */
  private JsonObject byteLevelBpe() {
    GgufWords words = words();
    JsonObject model = bpe(required(origin, "merges", metadata::strings));
    model.addProperty("ignore_merges", words.wholeWords);
    return object("version", "1.0", "added_tokens", addedTokens(false), "normalizer", words.normalizer,
        "pre_tokenizer", step("Sequence", "pretokenizers", words.preTokenizers), "post_processor",
        postProcessor(words.wholeWords), "decoder", byteLevel(true), "model", model);
  }

  /**
   * SentencePiece BPE (Llama 2, Gemma). Spaces become {@code \u2581}; what the vocabulary does not know becomes bytes.
   * Llama 2 puts a space in front of every piece of text between special tokens, Gemma does not.
   */
  private JsonObject sentencePieceBpe() {
    boolean prefix = metadata.bool("tokenizer.ggml.add_space_prefix").orElse(true);
    if (!prefix) { // the converter has made spaces of the user's tokens' \u2581
      IntStream.range(0, tokens.size())
        .filter(id -> kinds[id] == USER_DEFINED)
        .forEach(id -> tokens.set(id, tokens.get(id).replace(" ", SPACE)));
    }
    List<JsonObject> normalizers = new ArrayList<>(List.of(replace(" ", SPACE)));
    List<JsonObject> decoders = new ArrayList<>(List.of(replace(SPACE, " "), step("ByteFallback"), step("Fuse")));
    if (prefix) {
      normalizers.add(0, step("Prepend", "prepend", SPACE));
      decoders.add(step("Strip", "content", " ", "start", 1, "stop", 0));
    }
    JsonObject model = bpe(merges(scores()));
    model.addProperty("unk_token", text("unknown"));
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", true);
    return object("version", "1.0",
        // in normalised text a token's own text would have a space in front, too
        "added_tokens", addedTokens(!prefix), "normalizer", step("Sequence", "normalizers", normalizers),
        "post_processor", postProcessor(true), "decoder", step("Sequence", "decoders", decoders), "model", model);
  }

  /** A BPE's scores count merges; those of a Unigram model are logarithms of probabilities. */
  private double[] scores() {
    double[] scores = required(origin, "scores", metadata::numbers);
    if (scores.length < tokens.size()) {
      throw new TokenizerException(origin + " has " + tokens.size() + " tokens but " + scores.length + " scores");
    }
    long fractions = normal().filter(id -> scores[id] != Math.rint(scores[id])).count();
    if (fractions > normal().count() / 2) {
      throw refused(origin, "tokenizer.ggml.scores are those of a SentencePiece Unigram model; known is BPE");
    }
    return scores;
  }

  /** The ids of the tokens that are put together from smaller ones. */
  private IntStream normal() {
    return IntStream.range(0, tokens.size()).filter(id -> kinds[id] == NORMAL);
  }

  /** Of normal tokens only; each as {@code left right}, or as a pair where a token has a space in it. */
  private List<?> merges(double[] scores) {
    Map<String, Double> pieces = new LinkedHashMap<>();
    normal().forEach(id -> pieces.put(tokens.get(id), scores[id]));
    List<List<String>> merges = SentencePieceMerges.of(pieces);
    boolean spaces = pieces.keySet().stream().anyMatch(piece -> piece.indexOf(' ') >= 0);
    return spaces ? merges : merges.stream().map(halves -> String.join(" ", halves)).toList();
  }
}
