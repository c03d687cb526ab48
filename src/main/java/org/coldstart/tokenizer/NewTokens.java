package org.coldstart.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/** What is to change so that some texts are tokens of their own. */
final class NewTokens {
  private NewTokens() {}

  /**
   * Those of the tokens that are not there yet, with the ids behind the vocabulary, and those that
   * are there but have to become special.
   *
   * @throws IllegalArgumentException naming the token and the way out
   */
  static List<AddedToken> of(TokenizerJson json, boolean special, String... tokens) {
    if (new HashSet<>(Arrays.asList(tokens)).size() < tokens.length) {
      throw new IllegalArgumentException("a token is given twice among " + Arrays.toString(tokens));
    }
    List<AddedToken> changes = new ArrayList<>(tokens.length);
    int next = json.size();
    for (String token : tokens) {
      check(token, json);
      AddedToken known = json.addedToken(token);
      if (known == null) {
        boolean normalized = !special && !json.prependsToText();
        changes.add(AddedToken.of(next++, token, special, normalized));
      } else if (special && !known.special()) {
        changes.add(known.asSpecial());
      }
    }
    return changes;
  }

  private static void check(String token, TokenizerJson json) {
    if (token.isEmpty()) {
      throw new IllegalArgumentException("an empty token cannot be added");
    }
    if (Unicode.loneSurrogate(token) >= 0) {
      throw new IllegalArgumentException(
          "token \"" + token + "\" holds half a character (a lone surrogate)");
    }
    Integer id = json.id(token);
    if (id != null && json.addedToken(token) == null) {
      throw new IllegalArgumentException(
          "token \"%s\" is an ordinary piece of text with id %d, and adding it would split every"
                  .formatted(token, id)
              + " text anew; use id(\"%s\") instead, or mark yours off, as in \"<%s>\""
                  .formatted(token, token));
    }
  }
}
