package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens by id and by text: the model's own and the added ones, which are matched before a text is split. Each row
 * of the embedding matrix has one, so the ids go on from 0 without a gap.
 */
public final class Vocabulary {
  private final String origin;
  private final Map<String, Integer> model;
  private final Map<String, AddedToken> added = new LinkedHashMap<>();
  private final String[] texts;

  /**
   * @throws TokenizerException if the ids have a gap or two tokens share one
   */
  Vocabulary(Map<String, Integer> model, Collection<AddedToken> tokens, String origin) {
    this.origin = origin;
    this.model = model;
    tokens.stream().sorted(Comparator.comparingInt(AddedToken::id)).forEach(token -> added.put(token.content(), token));
    Map<String, Integer> further = new LinkedHashMap<>();
    for (AddedToken token : added.values()) {
      Integer known = model.get(token.content());
      if (token.content().isEmpty()) {
        throw new TokenizerException(origin + ": added token " + token.id() + " is empty");
      }
      if (known == null) {
        further.put(token.content(), token.id());
      } else if (known != token.id()) {
        throw new TokenizerException("%s: token \"%s\" has id %d in the vocabulary but %d among the added tokens"
          .formatted(origin, token.content(), known, token.id()));
      }
    }
    String[] own = append("the vocabulary", new String[0], model);
    texts = append("the added tokens", own, further);
  }

  /** Number of tokens, added ones included; the ids are 0 to this minus 1. */
  public int size() {
    return texts.length;
  }

  /** The id of a token, or null. */
  public Integer id(String token) {
    AddedToken own = added.get(token);
    return own != null ? Integer.valueOf(own.id()) : model.get(token);
  }

  /** The id of a token, which must be there: else an IllegalArgumentException. */
  public int requireId(String token) {
    Integer id = id(token);
    if (id == null) {
      throw new IllegalArgumentException("\"" + token + "\" is not a token of this tokenizer; add it with addTokens");
    }
    return id;
  }

  /** The vocabulary's own spelling of a token; an IllegalArgumentException for an id that it does not have. */
  public String text(int id) {
    if (id < 0 || id >= texts.length) {
      throw new IllegalArgumentException(
          "id %d is not in the vocabulary of %d tokens (0 to %d)".formatted(id, texts.length, texts.length - 1));
    }
    return texts[id];
  }

  /** The added token of this text, or null. */
  public AddedToken added(String content) {
    return added.get(content);
  }

  /** Whether it is a special token. */
  public boolean isSpecial(String token) {
    return added.containsKey(token) && added.get(token).special();
  }

  /** The added tokens by id. */
  Collection<AddedToken> added() {
    return added.values();
  }

  /** This with further added tokens; those of a text that is there replace it. */
  Vocabulary with(Collection<AddedToken> tokens) {
    Map<String, AddedToken> all = new LinkedHashMap<>(added);
    tokens.forEach(token -> all.put(token.content(), token));
    return new Vocabulary(model, all.values(), origin);
  }

  /** The added tokens of these texts that are new, with the next ids, or, if {@code special}, become special. */
  List<AddedToken> changes(boolean special, boolean normalized, Collection<String> tokens) {
    List<AddedToken> changes = new ArrayList<>();
    int next = size();
    for (String token : tokens) {
      AddedToken known = added.get(token);
      if (known == null) {
        int id = model.containsKey(token) ? model.get(token) : next++;
        changes.add(AddedToken.of(id, token, special, normalized));
      } else if (special && !known.special()) {
        changes.add(known.asSpecial());
      }
    }
    return changes;
  }

  /** Throws an IllegalArgumentException if a user may not add this token, as it would split every text anew. */
  void checkNew(String token) {
    if (token.isEmpty()) {
      throw new IllegalArgumentException("an empty token cannot be added");
    }
    if (NativeTokenizer.loneSurrogate(token) >= 0) {
      throw new IllegalArgumentException("token \"" + token + "\" holds half a character (a lone surrogate)");
    }
    if (model.containsKey(token) && !added.containsKey(token)) {
      throw new IllegalArgumentException(
          "token \"%1$s\" is an ordinary piece of text with id %2$d; use id(\"%1$s\"), or mark yours off: \"<%1$s>\""
            .formatted(token, model.get(token)));
    }
  }

  /** Each id must have a token: the native library would silently renumber those behind a gap. */
  private String[] append(String part, String[] known, Map<String, Integer> ids) {
    String[] all = Arrays.copyOf(known, known.length + ids.size());
    ids.forEach((token, id) -> {
      if (id >= 0 && id < all.length) {
        if (all[id] != null) {
          throw new TokenizerException(
              "%s: tokens \"%s\" and \"%s\" share the id %d".formatted(origin, all[id], token, id));
        }
        all[id] = token;
      }
    });
    int missing = Arrays.asList(all).indexOf(null);
    if (missing >= 0) {
      Map.Entry<String, Integer> after = ids.entrySet()
        .stream()
        .filter(token -> token.getValue() < 0 || token.getValue() > missing)
        .min(Map.Entry.comparingByValue())
        .orElseThrow();
      throw new TokenizerException(
          "%s: %s must have the ids 0 to %d without a gap, but no token has the id %d (\"%s\" has %d); fetch it again"
            .formatted(origin, part, all.length - 1, missing, after.getKey(), after.getValue()));
    }
    return all;
  }
}
