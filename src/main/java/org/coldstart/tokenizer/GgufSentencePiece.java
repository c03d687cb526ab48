package org.coldstart.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import org.coldstart.io.gguf.GgufMetadata;

/**
 * SentencePiece BPE, as Llama 2 and Gemma use it: {@code tokenizer.ggml.model = llama}. Blanks
 * become {@code \u2581}; what the vocabulary does not know becomes bytes.
 *
 * @param prefix whether a blank is put in front of every stretch of text between special tokens, as
 *     Llama 2 has it and Gemma has not
 * @param scores the higher a token's, the earlier it is merged
 */
record GgufSentencePiece(GgufTokens tokens, boolean prefix, double[] scores)
    implements GgufPipeline {
  private static final String BLANK = "\u2581";

  static GgufSentencePiece read(GgufMetadata metadata, GgufTokens tokens) {
    String origin = tokens.origin();
    double[] scores =
        metadata
            .numbers("tokenizer.ggml.scores")
            .orElseThrow(() -> GgufTokens.missing(origin, "tokenizer.ggml.scores"));
    if (scores.length < tokens.size()) {
      throw new TokenizerException(
          origin + " has " + tokens.size() + " tokens but " + scores.length + " scores");
    }
    refuseUnigram(tokens, scores);
    boolean prefix = metadata.bool("tokenizer.ggml.add_space_prefix").orElse(true);
    return new GgufSentencePiece(prefix ? tokens : tokens.withVisibleBlanks(), prefix, scores);
  }

  /** A BPE's scores count merges; those of a Unigram model are logarithms of probabilities. */
  private static void refuseUnigram(GgufTokens tokens, double[] scores) {
    int normal = 0;
    int fractions = 0;
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.is(GgufTokens.NORMAL, id)) {
        normal++;
        fractions += scores[id] == Math.rint(scores[id]) ? 0 : 1;
      }
    }
    if (fractions > normal / 2) {
      throw new TokenizerException(
          tokens.origin()
              + ": tokenizer.ggml.scores are those of a SentencePiece Unigram model; known is BPE,"
              + " the kind of Llama 2 and Gemma. Load the model from a folder with tokenizer.json"
              + " instead.");
    }
  }

  @Override
  public JsonElement normalizer() {
    JsonObject blanks = replace(" ", BLANK);
    if (!prefix) {
      return blanks;
    }
    JsonObject prepend = GgufPipeline.typed("Prepend");
    prepend.addProperty("prepend", BLANK);
    return GgufPipeline.sequence("normalizers", prepend, blanks);
  }

  @Override
  public JsonElement preTokenizer() {
    return JsonNull.INSTANCE;
  }

  @Override
  public JsonElement decoder() {
    JsonObject blanks = replace(BLANK, " ");
    JsonObject bytes = GgufPipeline.typed("ByteFallback");
    JsonObject fuse = GgufPipeline.typed("Fuse");
    if (!prefix) {
      return GgufPipeline.sequence("decoders", blanks, bytes, fuse);
    }
    JsonObject strip = GgufPipeline.typed("Strip");
    strip.addProperty("content", " ");
    strip.addProperty("start", 1);
    strip.addProperty("stop", 0);
    return GgufPipeline.sequence("decoders", blanks, bytes, fuse, strip);
  }

  @Override
  public JsonObject model() {
    JsonObject model =
        GgufPipeline.bpe(tokens.vocabulary(), SentencePieceMerges.of(tokens, scores));
    AddedToken unknown = tokens.role("unknown");
    if (unknown != null) {
      model.addProperty("unk_token", unknown.content());
    }
    model.addProperty("fuse_unk", true);
    model.addProperty("byte_fallback", true);
    return model;
  }

  @Override
  public boolean addsBos() {
    return true;
  }

  /** With a blank in front of a token's own text, it would match nowhere but there. */
  @Override
  public boolean matchesNormalized() {
    return !prefix;
  }

  private static JsonObject replace(String from, String to) {
    JsonObject pattern = new JsonObject();
    pattern.addProperty("String", from);
    JsonObject json = GgufPipeline.typed("Replace");
    json.add("pattern", pattern);
    json.addProperty("content", to);
    return json;
  }
}
