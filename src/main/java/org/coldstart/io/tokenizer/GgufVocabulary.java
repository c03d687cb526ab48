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

  /** {@code {% generation %}} is for training; a block in its place treats the white space around it alike. */
  private static final Pattern GENERATION = Pattern.compile("(\\{%[-+]?\\s*)(end)?generation(\\s*[-+]?%})");

  private final TokenizerFiles files;
  private final JsonObject json;
  private final Vocabulary vocabulary;

  /** SentencePiece's, else a byte-level BPE. */
  private final boolean pieces;

  private final Map<String, Object> metadata = new LinkedHashMap<>();

  private GgufVocabulary(TokenizerFiles files) {
    this.files = files;
    this.json = files.json().json();
    this.vocabulary = files.json().vocabulary();
    JsonElement fallback = json.getAsJsonObject("model").get("byte_fallback");
    this.pieces = fallback != null && !fallback.isJsonNull() && fallback.getAsBoolean();
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
    return new GgufVocabulary(files).read(rows, around, ends);
  }

  private Map<String, Object> read(int rows, int[] around, List<Integer> ends) {
    vocabulary.added().forEach(token -> {
      if (token.lstrip() || token.rstrip() || token.singleWord()) {
        throw refused("lstrip, rstrip or single_word of token \"" + token.content() + "\" change what is found");
      }
    });
    put("model", pieces ? "llama" : "gpt2");
    put("pre", pieces ? "default" : words());
    tokens(rows);
    List.of("bos_token", "unk_token", "pad_token")
      .forEach(role -> files.config().token(role).ifPresent(token -> putId(role, vocabulary.id(token))));
    for (int i = 0; i < Math.min(ends.size(), 3); i++) {
      putId(List.of("eos_token", "eot_token", "eom_token").get(i), ends.get(i));
    }
    if (ends.size() == 1) {
      putId("eot_token", ends.get(0));
    }
    put("add_bos_token", around.length > 0 && ends.indexOf(around[0]) != 0);
    put("add_eos_token", around.length > 0 && ends.indexOf(around[around.length - 1]) == 0);
    files.config()
      .chatTemplate()
      .ifPresent(template -> metadata.put("tokenizer.chat_template", withoutGeneration(template)));
    return metadata;
  }

  private static String withoutGeneration(String template) {
    return GENERATION.matcher(template)
      .replaceAll(tag -> tag.group(1) + (tag.group(2) == null ? "if true" : "endif") + tag.group(3));
  }

  private void put(String key, Object value) {
    metadata.put("tokenizer.ggml." + key, value);
  }

  private void putId(String role, int id) {
    put(role.replace("unk", "unknown").replace("pad", "padding") + "_id", id);
  }

  private String words() {
    return GgufWords.of(json)
      .orElseThrow(() -> refused("its rule for words has no name there, as have those of " + GgufWords.allNames())).names
        .get(0);
  }

  private void tokens(int rows) {
    List<String> tokens = new ArrayList<>();
    int[] kinds = new int[rows];
    for (int id = 0; id < rows; id++) {
      String text = id < vocabulary.size() ? vocabulary.text(id) : "[PAD" + id + "]";
      kinds[id] = id < vocabulary.size() ? kind(text) : GgufTokenizer.UNUSED;
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

  private int kind(String token) {
    AddedToken added = vocabulary.added(token);
    if (pieces && files.config().token("unk_token").filter(token::equals).isPresent()) {
      return GgufTokenizer.UNKNOWN;
    }
    if (added == null) {
      return pieces && BYTE_PIECE.matcher(token).matches() ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL;
    }
    boolean control = added.special() || LOOKS_SPECIAL.matcher(token).matches();
    return control ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED;
  }

  /** Merges become scores; tokens that are not put together have the converter's −1000. */
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

  /** Whether a space comes in front of every text, as in Llama 2 and not in Gemma. */
  private boolean prefix() {
    List<JsonObject> steps = GgufWords.steps(json.get("normalizer"));
    List<JsonObject> words = GgufWords.steps(json.get("pre_tokenizer"));
    JsonObject prepend = step("Prepend", "prepend", SPACE);
    boolean prefixed = steps.equals(List.of(prepend, replace(" ", SPACE)));
    // Gemma's rule splits at spaces, of which none is left
    boolean whole = words.isEmpty() || words.size() == 1 && words.get(0).toString().contains("{\"String\":\" \"}");
    if (!whole || !prefixed && !steps.equals(List.of(replace(" ", SPACE)))) {
      throw refused("its normalizer or pre_tokenizer are not those of Llama 2 or Gemma");
    }
    return prefixed;
  }

  private static TokenizerException refused(String why) {
    return new TokenizerException("With this tokenizer llama.cpp would read other ids, and a GGUF file of it would be"
        + " another model: " + why + ". Save it for transformers with Pretrained.save.");
  }
}
