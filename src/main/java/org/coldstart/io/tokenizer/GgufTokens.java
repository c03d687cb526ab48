package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.coldstart.io.checkpoint.GgufMetadata;

/**
 * The token table of a GGUF file.
 *
 * @param texts the spelling of every id
 * @param kinds llama.cpp's type of every id
 */
record GgufTokens(GgufMetadata metadata, String origin, List<String> texts, long[] kinds) {
  // llama.cpp's enum llama_token_type
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;

  static GgufTokens read(GgufMetadata metadata, String origin) {
    List<String> all =
        metadata
            .strings("tokenizer.ggml.tokens")
            .orElseThrow(() -> missing(origin, "tokens"));
    long[] kinds =
        metadata
            .integers("tokenizer.ggml.token_type")
            .orElseThrow(() -> missing(origin, "token_type"));
    if (kinds.length != all.size()) {
      throw new TokenizerException(
          origin + " has " + all.size() + " tokens but " + kinds.length + " token types");
    }
    // Up to the last token in use: the rows behind it only fill up the embedding matrix.
    int used = kinds.length;
    while (used > 0 && kinds[used - 1] == UNUSED) {
      used--;
    }
    return new GgufTokens(metadata, origin, all.subList(0, used), kinds);
  }

  /** The same with {@code \u2581} for spaces in the user's tokens; the converter does the reverse. */
  GgufTokens withVisibleSpaces() {
    List<String> spelled = new ArrayList<>(texts);
    for (int id = 0; id < size(); id++) {
      if (kinds[id] == USER_DEFINED) {
        spelled.set(id, text(id).replace(' ', '\u2581'));
      }
    }
    return new GgufTokens(metadata, origin, spelled, kinds);
  }

  int size() {
    return texts.size();
  }

  String text(int id) {
    return texts.get(id);
  }

  /** The ids of the tokens that are put together from smaller ones. */
  IntStream normal() {
    return IntStream.range(0, size()).filter(id -> kinds[id] == NORMAL);
  }

  /**
   * The model's own tokens by id; added ones behind them are listed among the added tokens only, as
   * in tokenizer.json.
   */
  List<String> vocabulary() {
    int end = size();
    while (end > 0 && isAdded(end - 1)) {
      end--;
    }
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < end; id++) {
      Integer other = ids.put(text(id), id);
      if (other != null) {
        throw new TokenizerException(
            ("%s: token \"%s\" has two ids, %d and %d. Load the model from a folder with"
                    + " tokenizer.json instead.")
                .formatted(origin, text(id), other, id));
      }
    }
    return texts.subList(0, end);
  }

  /**
   * The tokens matched before the text is split.
   *
   * @param normalized whether those that are no special tokens are looked for in normalised text
   */
  JsonArray addedTokens(boolean normalized) {
    JsonArray added = new JsonArray();
    IntStream.range(0, size())
        .filter(this::isAdded)
        .forEach(
            id -> {
              boolean special = kinds[id] != USER_DEFINED;
              added.add(AddedToken.of(id, text(id), special, normalized && !special).toJson());
            });
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
    if (id.getAsLong() < 0 || id.getAsLong() >= size()) {
      throw new TokenizerException(
          "%s: tokenizer.ggml.%s_token_id is %d, but there are %d tokens"
              .formatted(origin, key, id.getAsLong(), size()));
    }
    return AddedToken.of((int) id.getAsLong(), text((int) id.getAsLong()), true);
  }

  /** What to throw where the file lacks {@code tokenizer.ggml.<key>}. */
  static TokenizerException missing(String origin, String key) {
    return new TokenizerException(
        "%s has no tokenizer.ggml.%s: it holds no tokenizer, or is no language model"
            .formatted(origin, key));
  }
}
