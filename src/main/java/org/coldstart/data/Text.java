package org.coldstart.data;

import java.util.List;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A row of plain text; no chat template is used. As in TRL it begins with the tokenizer's BOS, if that puts one in
 * front of texts, and ends with its EOS; neither is doubled where the text has it.
 *
 * @param prompt what the model is given; may be empty
 * @param completion what it is to write
 */
public record Text(String prompt, String completion) implements Sample {

  /** A text that is all to be written. */
  public static Text of(String text) {
    return new Text("", text);
  }

  /** This text with its BOS and EOS. */
  Rendered render(Tokenizer tokenizer) {
    if (completion.isBlank()) {
      throw new IllegalArgumentException("there is no text to learn.");
    }
    String text = prompt + withOne(tokenizer.eosToken().orElse(""), completion);
    int promptEnd = prompt.length();
    String bos = tokenizer.bosToken().orElse("");
    while (!bos.isEmpty() && text.startsWith(bos + bos)) {
      text = text.substring(bos.length());
      promptEnd = Math.max(0, promptEnd - bos.length());
    }
    String added = text.startsWith(bos) || !tokenizer.addsBos() ? "" : bos;
    return new Rendered(added + text, added.length() + promptEnd, tokenizer);
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

  /**
   * A text with its BOS and EOS.
   *
   * @param text the whole
   * @param promptEnd where the prompt ends in it
   */
  record Rendered(String text, int promptEnd, Tokenizer tokenizer) {

    /** A part of the text without the white space that follows its last end token. */
    Span reply(int start, int end) {
      String reply = text.substring(start, end);
      List<Span> stops = TokenizedSpans.specialTokens(reply, tokenizer);
      int last = stops.isEmpty() ? reply.length() : stops.get(stops.size() - 1).end();
      return new Span(start, reply.substring(last).isBlank() ? start + last : end);
    }

    /** Whether a part of the text holds nothing but special tokens and white space. */
    boolean isEmpty(int start, int end) {
      return tokenizer.decode(tokenizer.encode(text.substring(start, end), false).ids(), true).isBlank();
    }
  }
}
