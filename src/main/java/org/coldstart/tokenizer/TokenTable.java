package org.coldstart.tokenizer;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** Every token under its id, without a gap: each row of the embedding matrix has one. */
final class TokenTable {
  private final Map<Integer, String> byId = new HashMap<>();
  private final String origin;

  private TokenTable(String origin) {
    this.origin = origin;
  }

  /** The tokens by id; ids must count up from 0 without a gap, the vocabulary's own first. */
  static String[] textsById(
      Map<String, Integer> vocabulary, Collection<AddedToken> added, String origin) {
    TokenTable table = new TokenTable(origin);
    vocabulary.forEach((text, id) -> table.put(id, text));
    table.checkGaps("the vocabulary");
    for (AddedToken token : added) {
      Integer known = vocabulary.get(token.content());
      if (token.content().isEmpty()) {
        throw new TokenizerException(origin + ": added token " + token.id() + " is empty");
      }
      if (known == null) {
        table.put(token.id(), token.content());
      } else if (known != token.id()) {
        throw new TokenizerException(
            "%s: token \"%s\" has id %d in the vocabulary but %d among the added tokens"
                .formatted(origin, token.content(), known, token.id()));
      }
    }
    table.checkGaps("the added tokens");
    String[] result = new String[table.byId.size()];
    table.byId.forEach((id, text) -> result[id] = text);
    return result;
  }

  private void put(int id, String text) {
    String other = byId.put(id, text);
    if (other != null) {
      throw new TokenizerException(
          "%s: tokens \"%s\" and \"%s\" share the id %d".formatted(origin, other, text, id));
    }
  }

  /** The native library would number the tokens behind a gap anew, without a word. */
  private void checkGaps(String part) {
    int missing = 0;
    while (byId.containsKey(missing)) {
      missing++;
    }
    if (missing < byId.size()) {
      int first = missing;
      int after =
          byId.keySet().stream().filter(id -> id < 0 || id > first).min(Integer::compare).get();
      throw new TokenizerException(
          "%s: %s must have the ids 0 to %d without a gap, but no token has the id %d (\"%s\" has"
                  .formatted(origin, part, byId.size() - 1, missing, byId.get(after))
              + " %d); fetch the file again, or list a token with the missing id in added_tokens"
                  .formatted(after));
    }
  }
}
