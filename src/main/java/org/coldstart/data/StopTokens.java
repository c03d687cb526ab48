package org.coldstart.data;

import org.coldstart.tokenizer.Encoding;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.tokenizer.TurnTokens;

/**
 * Finds the tokens that end a turn or a text: the special ones and EOS. Which of them ends a turn
 * is the template's choice, and often not EOS: {@code <end_of_turn>} for Gemma, {@code <|eot_id|>}
 * for Llama 3.
 */
record StopTokens(Tokenizer tokenizer) {

  /** Whether a token can end a turn. */
  boolean contains(int id) {
    return TurnTokens.canEndTurn(tokenizer, id);
  }

  /** Index of the first such token; -1 if there is none. */
  int first(Encoding encoding) {
    int index = 0;
    while (index < encoding.size() && !contains(encoding.ids()[index])) {
      index++;
    }
    return index < encoding.size() ? index : -1;
  }

  /** Whether a text holds nothing but such tokens and blanks. */
  boolean only(String text) {
    Encoding encoding = tokenizer.encode(text, false);
    StringBuilder rest = new StringBuilder();
    for (int i = 0; i < encoding.size(); i++) {
      Span place = encoding.offsets().get(i);
      rest.append(contains(encoding.ids()[i]) ? "" : text.substring(place.start(), place.end()));
    }
    return rest.toString().isBlank();
  }

  /**
   * Length of a text without the blanks that follow its last such token; the whole length if more
   * than blanks follow, or there is none.
   */
  int lengthWithoutTail(String text) {
    Encoding encoding = tokenizer.encode(text, false);
    for (int i = encoding.size() - 1; i >= 0; i--) {
      int end = encoding.offsets().get(i).end();
      if (contains(encoding.ids()[i])) {
        return text.substring(end).isBlank() ? end : text.length();
      }
    }
    return text.length();
  }
}
