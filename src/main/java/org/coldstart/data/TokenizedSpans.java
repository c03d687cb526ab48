package org.coldstart.data;

import java.util.Arrays;
import java.util.List;
import org.coldstart.tokenizer.Encoding;
import org.coldstart.io.jinja.Span;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A rendered row and the stretches of it that carry loss, on the way to ids.
 *
 * <p>The ids are those of the whole text, except where a token would reach across the place at
 * which the model begins to write: there the text is parted and its parts are encoded apart, since
 * generation meets the prompt's ids as they are without the reply. A later part goes on where the
 * one before ended: no blank comes in between.
 *
 * @param text what the model reads
 * @param trained where it is to write, in order, without overlap
 */
record TokenizedSpans(String text, List<Span> trained) {

  /** Ids and mask, made in one pass. */
  Example encode(Tokenizer tokenizer) {
    int[] ids = new int[0];
    boolean[] mask = new boolean[0];
    for (int from = 0; from < text.length(); ) {
      Encoding part = tokenizer.encodePart(text, from, text.length());
      int cut = firstStraddledStart(part, from);
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

  /** The first start of a trained stretch inside a token; the text's end if there is none. */
  private int firstStraddledStart(Encoding part, int from) {
    for (Span span : trained) {
      int start = span.start() - from;
      if (start > 0
          && part.offsets().stream().anyMatch(t -> t.start() < start && start < t.end())) {
        return span.start();
      }
    }
    return text.length();
  }

  private void mark(boolean[] mask, int before, List<Span> tokens, int from) {
    for (Span span : trained) {
      int first = endingBy(tokens, span.start() - from);
      int last = Math.max(endingBy(tokens, span.end() - from), begunBy(tokens, span.end() - from));
      if (last > first) {
        Arrays.fill(mask, before + first, before + last, true);
      }
    }
  }

  /** How many tokens lie wholly before a place. */
  private static int endingBy(List<Span> tokens, int place) {
    int count = 0;
    while (count < tokens.size() && tokens.get(count).end() <= place) {
      count++;
    }
    return count;
  }

  /** How many tokens begin before a place; some special tokens swallow the blanks behind them. */
  private static int begunBy(List<Span> tokens, int place) {
    int count = 0;
    while (count < tokens.size() && tokens.get(count).start() < place) {
      count++;
    }
    return count;
  }
}
