package org.coldstart.data;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Encoding;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A rendered row and the parts of it that carry loss, on the way to ids.
 *
 * <p>
 * The ids are those of the whole text, except where a token would reach across the place at which the model begins to
 * write: there the text is split and its parts are encoded apart, since generation continues the prompt's ids.
 *
 * @param text what the model reads
 * @param trained where it is to write, in order, without overlap
 */
record TokenizedSpans(String text, List<Span> trained) {

  /**
   * Where special tokens stand in a text. Which of them ends a turn is the template's choice: often it is not EOS but
   * {@code <end_of_turn>} (Gemma) or {@code <|eot_id|>} (Llama 3).
   */
  static List<Span> specialTokens(String text, Tokenizer tokenizer) {
    Encoding tokens = tokenizer.encode(text, false);
    return IntStream.range(0, tokens.size())
      .filter(i -> tokenizer.isSpecial(tokens.ids()[i]))
      .mapToObj(tokens.offsets()::get)
      .toList();
  }

  /** A special token, for messages. */
  static String example(Tokenizer tokenizer) {
    return " (a special token" + tokenizer.eosToken().map(eos -> " such as '" + eos + "'").orElse("") + ")";
  }

  /** Ids and mask, made in one pass. */
  Example encode(Tokenizer tokenizer) {
    int[] ids = new int[0];
    boolean[] mask = new boolean[0];
    for (int from = 0; from < text.length();) {
      Encoding part = tokenizer.encodePart(text, from, text.length());
      int cut = firstSplitStart(part.offsets(), from);
      if (cut < text.length()) {
        part = tokenizer.encodePart(text, from, cut);
      }
      int before = ids.length;
      ids = Arrays.copyOf(ids, before + part.size());
      mask = Arrays.copyOf(mask, ids.length);
      System.arraycopy(part.ids(), 0, ids, before, part.size());
      mark(mask, before, part.offsets(), from);
      from = cut;
    }
    return new Example(ids, mask);
  }

  /** The first start of a trained span that lies inside a token; the text's end if none does. */
  private int firstSplitStart(List<Span> tokens, int from) {
    return trained.stream()
      .mapToInt(Span::start)
      .filter(
          start -> start > from && tokens.stream().anyMatch(t -> t.start() < start - from && start - from < t.end()))
      .findFirst()
      .orElse(text.length());
  }

  /** A token is trained if it lies in a trained span, or begins in one and swallows a space. */
  private void mark(boolean[] mask, int before, List<Span> tokens, int from) {
    for (Span span : trained) {
      int start = span.start() - from;
      int end = span.end() - from;
      for (int t = 0; t < tokens.size(); t++) {
        Span token = tokens.get(t);
        mask[before + t] |= token.end() > start && (token.end() <= end || token.start() < end);
      }
    }
  }
}
