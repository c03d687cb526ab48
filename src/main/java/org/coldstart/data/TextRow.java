package org.coldstart.data;

import org.coldstart.tokenizer.Encoding;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A row of plain text with its BOS and EOS.
 *
 * @param text the whole
 * @param promptEnd where the prompt ends in it
 * @param stops the tokens that can end it
 */
record TextRow(String text, int promptEnd, StopTokens stops) {

  static TextRow of(Text row, Tokenizer tokenizer) {
    if (row.completion().isBlank()) {
      throw new IllegalArgumentException("there is no text to learn.");
    }
    String eos = tokenizer.eosToken().orElse("");
    String text = row.prompt() + withOne(eos, row.completion());
    int promptEnd = row.prompt().length();
    String bos = tokenizer.bosToken().orElse("");
    while (!bos.isEmpty() && text.startsWith(bos + bos)) {
      text = text.substring(bos.length());
      promptEnd = Math.max(0, promptEnd - bos.length());
    }
    String added = text.startsWith(bos) ? "" : addedBos(tokenizer);
    return new TextRow(added + text, added.length() + promptEnd, new StopTokens(tokenizer));
  }

  /** The text with an EOS at its end, however many it had there. */
  private static String withOne(String eos, String text) {
    if (eos.isEmpty()) {
      return text;
    }
    String one = text.stripTrailing().endsWith(eos) ? text : text + eos;
    for (String less = withoutLast(eos, one);
        less.stripTrailing().endsWith(eos);
        less = withoutLast(eos, one)) {
      one = less;
    }
    return one;
  }

  private static String withoutLast(String eos, String text) {
    return text.substring(0, text.lastIndexOf(eos));
  }

  /** What this tokenizer puts in front of a text; empty for most. */
  private static String addedBos(Tokenizer tokenizer) {
    Encoding empty = tokenizer.encode("", true);
    return tokenizer
        .bosToken()
        .filter(bos -> empty.size() > 0 && empty.tokens().get(0).equals(bos))
        .orElse("");
  }
}
