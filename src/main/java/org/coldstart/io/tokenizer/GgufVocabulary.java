package org.coldstart.io.tokenizer;

import static org.coldstart.io.tokenizer.GgufTokenizer.SPACE;
import static org.coldstart.io.tokenizer.TokenizerSteps.replace;
import static org.coldstart.io.tokenizer.TokenizerSteps.step;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Translates a tokenizer into the metadata of a GGUF file: the inverse of {@link GgufTokenizer}. What llama.cpp would
 * split otherwise is refused.
 */
public final class GgufVocabulary {

  /** Tokens that llama.cpp's converter takes for special whatever the files say ({@code does_token_look_special}). */
  private static final Pattern LOOKS_SPECIAL = Pattern
    .compile("<\\|.*\\|>|<｜.*｜>|<unused.*>|<pad>|<mask>|<2mass>|\\[@BOS@]", Pattern.DOTALL);

  private static final Pattern BYTE_PIECE = Pattern.compile("<0x[0-9A-F]{2}>");

  /** {@code {% generation %}} stands for training; a block in its place keeps its treatment of white space. */
  private static final Pattern GENERATION = Pattern.compile("(\\{%[-+]?\\s*)(end)?generation(\\s*[-+]?%})");

  private final TokenizerFiles files;
  private final JsonObject json;
  private final Vocabulary vocabulary;
  private final Map<String, Object> metadata = new LinkedHashMap<>();

  private GgufVocabulary(TokenizerFiles files) {
    this.files = files;
    this.json = files.json().json();
    this.vocabulary = files.json().vocabulary();
  }

  /**
   * The metadata under {@code tokenizer}.
   *
   * @param rows of the embedding: those behind the vocabulary get names of their own
   * @param around the ids that the tokenizer puts around every text
   * @param ends the ids that end a reply, the tokenizer's EOS first
   * @throws TokenizerException if the tokenizer has no form in GGUF
   */
  public static Map<String, Object> of(TokenizerFiles files, int rows, int[] around, List<Integer> ends) {
    GgufVocabulary gguf = new GgufVocabulary(files);
    gguf.refuseStrippingTokens();
    boolean pieces = gguf.isSet("byte_fallback");
    gguf.put("model", pieces ? "llama" : "gpt2");
    gguf.put("pre", pieces ? "default" : gguf.words());
    gguf.tokens(rows, pieces);
    gguf.roles(around, ends);
    files.config()
      .chatTemplate()
      .ifPresent(source -> gguf.metadata.put("tokenizer.chat_template", withoutGeneration(source)));
    return gguf.metadata;
  }

  /** The same template where the masks of training are not known. */
  static String withoutGeneration(String template) {
    return GENERATION.matcher(template)
      .replaceAll(tag -> tag.group(1) + (tag.group(2) == null ? "if true" : "endif") + tag.group(3));
  }

  private void put(String key, Object value) {
    metadata.put("tokenizer.ggml." + key, value);
  }

  private boolean isSet(String option) {
    JsonElement value = json.getAsJsonObject("model").get(option);
    return value != null && !value.isJsonNull() && value.getAsBoolean();
  }

  private void refuseStrippingTokens() {
    vocabulary.added().forEach(token -> {
      if (token.lstrip() || token.rstrip() || token.singleWord()) {
        throw refused("token \"" + token.content()
            + "\" swallows the blanks beside it or asks for a word's end (lstrip, rstrip, single_word)");
      }
    });
  }

  private String words() {
    return GgufWords.of(json)
      .orElseThrow(() -> refused("it splits text into words by a rule without a name there; the rules with one are "
          + GgufWords.allNames())).names.get(0);
  }

  private void tokens(int rows, boolean pieces) {
    List<String> tokens = new ArrayList<>();
    int[] kinds = new int[rows];
    for (int id = 0; id < rows; id++) {
      kinds[id] = id < vocabulary.size() ? kind(vocabulary.text(id), pieces) : GgufTokenizer.UNUSED;
      String text = id < vocabulary.size() ? vocabulary.text(id) : "[PAD" + id + "]";
      // A user's tokens are looked for in the text as it was typed.
      tokens.add(kinds[id] == GgufTokenizer.USER_DEFINED && pieces ? text.replace(SPACE, " ") : text);
    }
    put("tokens", tokens);
    put("token_type", kinds);
    if (pieces) {
      put("scores", scores(kinds));
      put("add_space_prefix", prefix());
    } else {
      put("merges", files.json().merges());
    }
  }

  private int kind(String token, boolean pieces) {
    AddedToken added = vocabulary.added(token);
    if (pieces && files.config().token("unk_token").filter(token::equals).isPresent()) {
      return GgufTokenizer.UNKNOWN;
    }
    if (added == null) {
      return pieces && BYTE_PIECE.matcher(token).matches() ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL;
    }
    return added.special() || LOOKS_SPECIAL.matcher(token).matches() ? GgufTokenizer.CONTROL
        : GgufTokenizer.USER_DEFINED;
  }

  /** Merges become scores; tokens that are not put together have the converter's -1000. */
  private float[] scores(int[] kinds) {
    List<String> normal = IntStream.range(0, vocabulary.size())
      .filter(id -> kinds[id] == GgufTokenizer.NORMAL)
      .mapToObj(vocabulary::text)
      .toList();
    Map<String, Double> known = SentencePieceMerges.scores(normal, files.json().merges())
      .orElseThrow(() -> refused("its merges are not those of a SentencePiece model"));
    float[] scores = new float[kinds.length];
    for (int id = 0; id < scores.length; id++) {
      scores[id] = kinds[id] == GgufTokenizer.NORMAL ? known.get(vocabulary.text(id)).floatValue() : -1000;
    }
    return scores;
  }

  /** Whether a space comes in front of every text. */
  private boolean prefix() {
    List<JsonObject> steps = GgufWords.steps(json.get("normalizer"));
    List<JsonObject> words = GgufWords.steps(json.get("pre_tokenizer"));
    JsonObject prepend = step("Prepend", "prepend", SPACE);
    JsonObject spaces = replace(" ", SPACE);
    // Gemma's: no space is left to split at
    boolean splits = !words.isEmpty() && !(words.size() == 1 && words.get(0).toString().contains("{\"String\":\" \"}"));
    if (splits || !steps.equals(List.of(spaces)) && !steps.equals(List.of(prepend, spaces))) {
      throw refused("its normalizer or pre_tokenizer are not those of Llama 2 or Gemma");
    }
    return steps.contains(prepend);
  }

  private void roles(int[] around, List<Integer> ends) {
    role("bos", "bos_token");
    role("unknown", "unk_token");
    role("padding", "pad_token");
    List<String> slots = List.of("eos", "eot", "eom");
    for (int i = 0; i < Math.min(ends.size(), slots.size()); i++) {
      put(slots.get(i) + "_token_id", ends.get(i));
    }
    if (ends.size() == 1) {
      put("eot_token_id", ends.get(0));
    }
    boolean bos = around.length > 0 && ends.indexOf(around[0]) != 0;
    boolean eos = around.length > 0 && ends.indexOf(around[around.length - 1]) == 0;
    put("add_bos_token", bos);
    put("add_eos_token", eos);
  }

  private void role(String key, String role) {
    files.config().token(role).map(vocabulary::id).ifPresent(id -> put(key + "_token_id", id));
  }

  private TokenizerException refused(String why) {
    return new TokenizerException(
        "This tokenizer has no form in GGUF, where llama.cpp would read other ids: %s. Save it for transformers with Pretrained.save."
          .formatted(why));
  }
}
