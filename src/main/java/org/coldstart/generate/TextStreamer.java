package org.coldstart.generate;

import java.util.function.Consumer;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Hands out a growing reply's text piece by piece.
 *
 * <p>A token may end in the middle of a character; such a piece is held back until the rest has
 * come.
 */
final class TextStreamer {

  private static final char INCOMPLETE = '\uFFFD';

  private final Tokenizer tokenizer;
  private final Consumer<String> listener;
  private int told;

  TextStreamer(Tokenizer tokenizer, Consumer<String> listener) {
    this.tokenizer = tokenizer;
    this.listener = listener;
  }

  void update(int[] ids, boolean last) {
    String text = tokenizer.decode(ids, true);
    boolean complete = text.isEmpty() || text.charAt(text.length() - 1) != INCOMPLETE;
    if ((complete || last) && text.length() > told) {
      listener.accept(text.substring(told));
      told = text.length();
    }
  }
}
