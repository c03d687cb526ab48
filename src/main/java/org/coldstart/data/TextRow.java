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
    String bos = bos(tokenizer);
    String prompt = (row.prompt() + row.completion()).startsWith(bos) ? "" : bos;
    prompt += row.prompt();
    String eos = tokenizer.eosToken().orElse("");
    String end = row.completion().stripTrailing().endsWith(eos) ? "" : eos;
    return new TextRow(prompt + row.completion() + end, prompt.length(), new StopTokens(tokenizer));
  }

  /** What this tokenizer puts in front of a text; empty for most. */
  private static String bos(Tokenizer tokenizer) {
    Encoding empty = tokenizer.encode("", true);
    return tokenizer
        .bosToken()
        .filter(bos -> empty.size() > 0 && empty.tokens().get(0).equals(bos))
        .orElse("");
  }
}
