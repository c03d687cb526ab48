package org.coldstart.data;

import java.util.List;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A row of plain text with its BOS and EOS.
 *
 * @param text the whole
 * @param promptEnd where the prompt ends in it
 */
record TextRow(String text, int promptEnd, Tokenizer tokenizer) {

  static TextRow of(Text row, Tokenizer tokenizer) {
    if (row.completion().isBlank()) {
      throw new IllegalArgumentException("there is no text to learn.");
    }
    String text = row.prompt() + withOne(tokenizer.eosToken().orElse(""), row.completion());
    int promptEnd = row.prompt().length();
    String bos = tokenizer.bosToken().orElse("");
    while (!bos.isEmpty() && text.startsWith(bos + bos)) {
      text = text.substring(bos.length());
      promptEnd = Math.max(0, promptEnd - bos.length());
    }
    String added = text.startsWith(bos) || !tokenizer.addsBos() ? "" : bos;
    return new TextRow(added + text, added.length() + promptEnd, tokenizer);
  }

  /** The text with an EOS at its end, however many it had there. */
  private static String withOne(String eos, String text) {
    if (eos.isEmpty()) {
      return text;
    }
    String one = text.stripTrailing().endsWith(eos) ? text : text + eos;
    String less = one.substring(0, one.lastIndexOf(eos));
    return less.stripTrailing().endsWith(eos) ? withOne(eos, less) : one;
  }

  /** A part of the text without the white space that follows its last end token. */
  Span reply(int start, int end) {
    String reply = text.substring(start, end);
    List<Span> stops = TokenizedSpans.specialTokens(reply, tokenizer);
    int last = stops.isEmpty() ? reply.length() : stops.get(stops.size() - 1).end();
    return new Span(start, reply.substring(last).isBlank() ? start + last : end);
  }

  /** Whether a part of the text holds nothing but end tokens and white space. */
  boolean isEmpty(int start, int end) {
    String rest = text.substring(start, end);
    List<Span> stops = TokenizedSpans.specialTokens(rest, tokenizer);
    for (int i = stops.size() - 1; i >= 0; i--) {
      rest = rest.substring(0, stops.get(i).start()) + rest.substring(stops.get(i).end());
    }
    return rest.isBlank();
  }
}
