package org.coldstart.tokenizer;

import java.util.List;

/** What a token must be like to be added. */
final class NewTokens {
  private NewTokens() {}

  /**
   * Checks one token.
   *
   * @param before those to be added in the same call
   * @throws IllegalArgumentException naming the token and the way out
   */
  static void check(String token, TokenizerJson json, List<AddedToken> before) {
    if (token.isEmpty()) {
      throw new IllegalArgumentException("an empty token cannot be added");
    }
    if (Unicode.loneSurrogate(token) >= 0) {
      throw new IllegalArgumentException(
          "token \"" + token + "\" holds half a character (a lone surrogate)");
    }
    Integer id = json.id(token);
    if (id != null) {
      throw new IllegalArgumentException(
          "token \""
              + token
              + "\" is already there with id "
              + id
              + "; use id(\""
              + token
              + "\") instead of adding it");
    }
    if (before.stream().anyMatch(other -> other.content().equals(token))) {
      throw new IllegalArgumentException("token \"" + token + "\" is given twice");
    }
  }
}
