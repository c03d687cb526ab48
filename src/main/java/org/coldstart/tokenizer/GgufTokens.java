package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.OptionalLong;
import org.coldstart.io.gguf.GgufMetadata;

/** The token table of a GGUF file: the spelling, kind and role of every id. */
final class GgufTokens {
  // llama.cpp's enum llama_token_type
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;

  private final GgufMetadata metadata;
  private final String origin;
  private final String[] texts;
  private final long[] kinds;

  private GgufTokens(GgufMetadata metadata, String origin, String[] texts, long[] kinds) {
    this.metadata = metadata;
    this.origin = origin;
    this.texts = texts;
    this.kinds = kinds;
  }

  static GgufTokens read(GgufMetadata metadata, String origin) {
    List<String> texts =
        metadata
            .strings("tokenizer.ggml.tokens")
            .orElseThrow(() -> missing(origin, "tokenizer.ggml.tokens"));
    long[] kinds =
        metadata
            .integers("tokenizer.ggml.token_type")
            .orElseThrow(() -> missing(origin, "tokenizer.ggml.token_type"));
    if (kinds.length != texts.size()) {
      throw new TokenizerException(
          origin + " has " + texts.size() + " tokens but " + kinds.length + " token types");
    }
    String[] used = texts.subList(0, used(kinds)).toArray(String[]::new);
    return new GgufTokens(metadata, origin, used, kinds);
  }

  /** Up to the last token in use: the rows behind it only fill up the embedding matrix. */
  private static int used(long[] kinds) {
    int used = kinds.length;
    while (used > 0 && kinds[used - 1] == UNUSED) {
      used--;
    }
    return used;
  }

  /**
   * The same with {@code \u2581} for blanks in the user's tokens; the converter does the reverse.
   */
  GgufTokens withVisibleBlanks() {
    String[] spelled = texts.clone();
    for (int id = 0; id < spelled.length; id++) {
      spelled[id] = kinds[id] == USER_DEFINED ? texts[id].replace(' ', '\u2581') : texts[id];
    }
    return new GgufTokens(metadata, origin, spelled, kinds);
  }

  int size() {
    return texts.length;
  }

  String text(int id) {
    return texts[id];
  }

  boolean is(int kind, int id) {
    return kinds[id] == kind;
  }

  String origin() {
    return origin;
  }

  /**
   * The model's own tokens; added ones behind them are listed among the added tokens only, as in
   * tokenizer.json.
   */
  JsonObject vocabulary() {
    int end = texts.length;
    while (end > 0 && isAdded(end - 1)) {
      end--;
    }
    JsonObject vocabulary = new JsonObject();
    for (int id = 0; id < end; id++) {
      if (vocabulary.has(texts[id])) {
        throw new TokenizerException(
            "%s: token \"%s\" has two ids, %s and %d. Load the model from a folder with"
                    .formatted(origin, texts[id], vocabulary.get(texts[id]), id)
                + " tokenizer.json instead.");
      }
      vocabulary.addProperty(texts[id], id);
    }
    return vocabulary;
  }

  /**
   * The tokens matched before the text is split.
   *
   * @param normalized whether those that are no special tokens are looked for in normalised text
   */
  JsonArray addedTokens(boolean normalized) {
    JsonArray added = new JsonArray();
    for (int id = 0; id < texts.length; id++) {
      if (isAdded(id)) {
        boolean special = kinds[id] != USER_DEFINED;
        added.add(AddedToken.of(id, texts[id], special, normalized && !special).toJsonWithId());
      }
    }
    return added;
  }

  private boolean isAdded(int id) {
    return kinds[id] == CONTROL || kinds[id] == USER_DEFINED || kinds[id] == UNKNOWN;
  }

  /**
   * The token with a role, by llama.cpp's word for it ({@code bos}, {@code padding} …), or null.
   */
  AddedToken role(String key) {
    OptionalLong id = metadata.integer("tokenizer.ggml." + key + "_token_id");
    if (id.isEmpty()) {
      return null;
    }
    if (id.getAsLong() < 0 || id.getAsLong() >= texts.length) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.%s_token_id is %d, but there are %d tokens"
              .formatted(origin, key, id.getAsLong(), texts.length));
    }
    int at = (int) id.getAsLong();
    return AddedToken.of(at, texts[at], true);
  }

  static TokenizerException missing(String origin, String key) {
    return new TokenizerException(
        origin + " has no " + key + ": it holds no tokenizer, or is no language model");
  }
}
