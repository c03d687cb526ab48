package org.coldstart.tokenizer;

import java.util.Arrays;
import java.util.List;
import org.coldstart.io.jinja.Span;

/**
 * A text as tokens: equally many ids, token strings and places in the text.
 *
 * @param ids rows of the embedding matrix
 * @param tokens the vocabulary's own spelling of each token ({@code Ġthe} for " the")
 * @param offsets where each token stands in the text, in Java chars; several tokens that make up one character all
 * carry that character's span, a token that stands for no text (BOS) carries (0, 0)
 */
public record Encoding(int[] ids, List<String> tokens, List<Span> offsets) {
  /** Number of tokens. */
  public int size() {
    return ids.length;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Encoding e && Arrays.equals(ids, e.ids) && tokens.equals(e.tokens)
        && offsets.equals(e.offsets);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ids);
  }

  @Override
  public String toString() {
    return "Encoding" + tokens + Arrays.toString(ids);
  }
}
